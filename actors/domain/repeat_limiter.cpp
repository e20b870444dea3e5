#include "actors/domain/repeat_limiter.hpp"

#include <algorithm>
#include <functional>
#include <utility>

namespace ib {

bool repeat_limiter::admit(const std::string& words, int64_t now_ms) {
  auto key = std::hash<std::string>()(words);
  auto known = periods_.find(key);
  if (known == periods_.end()) {
    if (periods_.size() >= limits_.remembered) return true;
    auto end = now_ms + limits_.period_ms;
    known = periods_.emplace(key, period{end, 0, {}}).first;
    next_end_ms_ = std::min(next_end_ms_, end);
  }
  auto& [end, times, held_words] = known->second;
  if (++times <= limits_.burst) return true;
  if (held_words.empty()) held_words = words;
  return false;
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
    auto& [end, times, words] = at->second;
    if (times > limits_.burst) list.push_back({std::move(words), times - limits_.burst});
    at = periods_.erase(at);
  }
  return list;
}

} // namespace ib
