#pragma once

#include "actors/io/actor_board.hpp"

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

namespace ib {

/// Messages per second of each actor, between the last two samples. Any thread.
class actor_rates {
public:
  using by_path = std::unordered_map<std::string, double>;

  /// `actors` as the board says at `now_ms`. One caller at a time.
  void sample(const std::vector<io::actor_entry>& actors, int64_t now_ms);
  /// Actors that have done nothing, and those that are newer than the last sample, are not among it.
  std::shared_ptr<const by_path> read() const;

private:
  std::unordered_map<std::string, uint64_t> handled_; ///< at the last sample, of the one who samples
  int64_t at_ms_ = 0;
  mutable std::mutex lock_;
  std::shared_ptr<const by_path> current_ = std::make_shared<const by_path>();
};

} // namespace ib
