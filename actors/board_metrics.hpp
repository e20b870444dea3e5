#pragma once

#include "actors/io/actor_board.hpp"
#include "actors/metrics.hpp"

#include <map>
#include <memory>
#include <string>

namespace prometheus {
class Gauge;
}

namespace ib {

/// Puts into metrics what the board says of the actors, by their kind; kinds that are gone count as 0.
class board_metrics {
public:
  board_metrics(std::shared_ptr<const io::actor_board> board, metrics& meter)
      : board_(std::move(board)), meter_(meter) {}

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
};

} // namespace ib
