#include "actors/domain/rate_governor.hpp"

#include <algorithm>

namespace ib {

void rate_governor::hold(const std::string& registry, int64_t until_ms, int64_t now_ms) {
  if (until_ms <= now_ms) return;
  if (!held_.contains(registry)) make_room(now_ms);
  auto& until = held_[registry];
  until = std::max(until, until_ms);
}

std::optional<int64_t> rate_governor::remaining_ms(const std::string& registry, int64_t now_ms) const {
  auto found = held_.find(registry);
  if (found == held_.end() || found->second <= now_ms) return std::nullopt;
  return found->second - now_ms;
}

/// Anyone may have images looked up in registries of their own: those that ended go first, then the one that
/// ends next.
void rate_governor::make_room(int64_t now_ms) {
  if (held_.size() < capacity_) return;
  std::erase_if(held_, [now_ms](const auto& item) { return item.second <= now_ms; });
  if (held_.size() < capacity_) return;
  held_.erase(std::min_element(held_.begin(), held_.end(), [](const auto& left, const auto& right) {
    return left.second < right.second;
  }));
}

} // namespace ib
