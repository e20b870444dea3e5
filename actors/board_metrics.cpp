#include "actors/board_metrics.hpp"

#include <prometheus/gauge.h>

#include <algorithm>

namespace ib {

void board_metrics::sample() {
  struct seen {
    size_t living = 0;
    size_t longest_mailbox = 0;
  };
  std::map<std::string, seen> now;
  for (const auto& actor : board_->read()) {
    if (!actor.alive) continue;
    auto& kind = now[actor.kind];
    ++kind.living;
    kind.longest_mailbox = std::max(kind.longest_mailbox, actor.waiting);
  }
  for (const auto& [kind, what] : now)
    if (!kinds_.contains(kind))
      kinds_.emplace(kind, gauges{meter_.actors(kind), meter_.longest_mailbox(kind)});
  for (const auto& [kind, shown] : kinds_) {
    shown.living.Set(static_cast<double>(now[kind].living));
    shown.longest_mailbox.Set(static_cast<double>(now[kind].longest_mailbox));
  }
}

} // namespace ib
