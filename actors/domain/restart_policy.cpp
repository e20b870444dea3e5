#include "actors/domain/restart_policy.hpp"

#include <algorithm>

namespace ib {

restart_policy::restart_policy(restart_limits limits) : limits_(limits) {}

std::optional<int64_t> restart_policy::on_crash(int64_t now_ms) {
  std::erase_if(recent_ms_, [&](int64_t then) { return now_ms - then >= limits_.period_ms; });
  if (recent_ms_.size() >= limits_.intensity) return std::nullopt;
  auto delay = recent_ms_.empty() ? limits_.first_delay_ms : limits_.step_delay_ms;
  // Doubling stops at the limit: a long period with a high intensity must not overflow.
  for (size_t step = 1; step < recent_ms_.size() && delay < limits_.max_delay_ms; ++step) {
    delay = delay > limits_.max_delay_ms / 2 ? limits_.max_delay_ms : delay * 2;
  }
  recent_ms_.push_back(now_ms);
  ++total_;
  return std::min(delay, limits_.max_delay_ms);
}

} // namespace ib
