#include "actors/words.hpp"

namespace ib {

std::string in_words(int64_t duration_ms) {
  if (duration_ms > 0 && duration_ms < 1000) return std::to_string(duration_ms) + " ms";
  auto seconds = (duration_ms + 500) / 1000;
  if (seconds < 120) return std::to_string(seconds) + " s";
  auto minutes = (seconds + 30) / 60;
  if (minutes < 120) return std::to_string(minutes) + " min";
  auto rest = minutes % 60;
  return std::to_string(minutes / 60) + " h" + (rest == 0 ? "" : " " + std::to_string(rest) + " min");
}

std::string place_in_words(size_t builds_ahead, std::optional<int64_t> estimate_ms) {
  auto text = builds_ahead == 0 ? std::string("queued, next in line")
                                : "queued, " + std::to_string(builds_ahead) +
                                      (builds_ahead == 1 ? " build ahead" : " builds ahead");
  if (estimate_ms) text += ", about " + in_words(*estimate_ms) + " to wait";
  return text;
}

} // namespace ib
