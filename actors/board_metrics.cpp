#include "actors/board_metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>

#include <utility>

namespace ib {

board_metrics::board_metrics(std::shared_ptr<const io::actor_board> board, metrics& meter)
    : board_(std::move(board)), meter_(meter) {
  for (size_t kind = 0; kind < io::fault_kinds; ++kind)
    meter_.injected_faults(to_string(static_cast<io::fault_kind>(kind))); // there from the start, with 0
}

void board_metrics::sample() {
  auto now = board_->totals();
  for (const auto& [kind, what] : now)
    if (!kinds_.contains(kind))
      kinds_.emplace(kind, gauges{meter_.actors(kind), meter_.longest_mailbox(kind)});
  for (const auto& [kind, shown] : kinds_) {
    shown.living.Set(static_cast<double>(now[kind].living));
    shown.longest_mailbox.Set(static_cast<double>(now[kind].longest_mailbox));
  }
  for (size_t i = 0; i < io::fault_kinds; ++i) {
    auto kind = static_cast<io::fault_kind>(i);
    auto count = board_->faults().count(kind);
    meter_.injected_faults(to_string(kind))
        .Increment(static_cast<double>(count - std::exchange(faults_[i], count)));
  }
}

} // namespace ib
