#pragma once

#include "actors/service_health.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace ib {

/// How the storage of the journal fares.
struct storage_state {
  std::string trouble;    ///< why nothing can be kept now, with what to do; empty while all is well
  uint64_t commits = 0;   ///< group commits since the start
  uint64_t writes = 0;    ///< writes in them
  uint64_t log_bytes = 0; ///< log bytes written since the start
  int64_t commit_us = 0;  ///< how long the last commit took
  int64_t slowest_us = 0; ///< the slowest commit since the start
};

/// Where the journal keeper publishes and everyone else reads, on any thread. While there is trouble the
/// service is not ready.
class storage_board {
public:
  explicit storage_board(std::shared_ptr<service_health> health = std::make_shared<service_health>())
      : health_(std::move(health)), current_(std::make_shared<const storage_state>()) {}

  std::shared_ptr<const storage_state> read() const { return current_.load(); }
  void publish(storage_state now) {
    if (now.trouble.empty())
      health_->ready(health_names::storage);
    else
      health_->not_ready(health_names::storage, now.trouble);
    current_.store(std::make_shared<const storage_state>(std::move(now)));
  }

private:
  std::shared_ptr<service_health> health_;
  std::atomic<std::shared_ptr<const storage_state>> current_;
};

} // namespace ib
