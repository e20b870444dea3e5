#pragma once

#include "actors/io/actor_board.hpp"
#include "actors/metrics.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

namespace prometheus {
class Gauge;
}

namespace ib {

/// Puts into metrics what the board says of the actors, by their kind, and of faults that were injected into
/// them. Kinds of actors that are gone count as 0.
class board_metrics {
public:
  board_metrics(std::shared_ptr<const io::actor_board> board, metrics& meter);

  /// Looks now. One thread at a time.
  void sample();

private:
  struct gauges {
    prometheus::Gauge& living;
    prometheus::Gauge& longest_mailbox;
  };

  std::shared_ptr<const io::actor_board> board_;
  metrics& meter_;
  std::map<std::string, gauges> kinds_;
  std::array<uint64_t, io::fault_kinds> faults_{}; ///< that are counted already
};

} // namespace ib
