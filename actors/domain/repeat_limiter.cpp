#include "actors/domain/repeat_limiter.hpp"

#include <algorithm>

namespace ib {

bool repeat_limiter::admit(const std::string& words, int64_t now_ms) {
  auto known = periods_.find(words);
  if (known == periods_.end()) {
    if (periods_.size() >= limits_.remembered) return true;
    auto end = now_ms + limits_.period_ms;
    known = periods_.emplace(words, period{end, 0}).first;
    next_end_ms_ = std::min(next_end_ms_, end);
  }
  return ++known->second.times <= limits_.burst;
}

std::vector<repeat_limiter::held_back> repeat_limiter::due(int64_t now_ms) {
  std::vector<held_back> list;
  if (now_ms < next_end_ms_) return list;
  next_end_ms_ = INT64_MAX;
  for (auto at = periods_.begin(); at != periods_.end();) {
    if (at->second.end_ms > now_ms) {
      next_end_ms_ = std::min(next_end_ms_, at->second.end_ms);
      ++at;
      continue;
    }
    if (at->second.times > limits_.burst) list.push_back({at->first, at->second.times - limits_.burst});
    at = periods_.erase(at);
  }
  return list;
}

} // namespace ib
