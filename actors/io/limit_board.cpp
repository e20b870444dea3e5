#include "actors/io/limit_board.hpp"

#include <algorithm>

namespace ib::io {

void limit_board::note(const std::string& registry, int64_t wait_ms) {
  const auto until = clock::now() + std::chrono::milliseconds(wait_ms);
  std::lock_guard held(lock_);
  if (!places_.contains(registry) && places_.size() >= capacity_)
    places_.erase(std::min_element(places_.begin(), places_.end(), [](const auto& left, const auto& right) {
      return left.second.until < right.second.until;
    }));
  auto& place = places_[registry];
  place.until = std::max(place.until, until);
  ++place.times;
}

std::vector<limited_registry> limit_board::read() const {
  const auto now = clock::now();
  std::vector<limited_registry> list;
  std::lock_guard held(lock_);
  for (const auto& [registry, place] : places_) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(place.until - now).count();
    list.push_back({registry, std::max<int64_t>(left, 0), place.times});
  }
  return list;
}

} // namespace ib::io
