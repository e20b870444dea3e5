#include "tools/imgctl/progress.hpp"

#include <string_view>
#include <utility>

namespace ib::imgctl {
namespace {

std::string_view name_of(std::string_view message) { return message.substr(0, message.find(',')); }

std::chrono::milliseconds between(time_point from, time_point to) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(to - from);
}

} // namespace

std::optional<finished_phase> phase_clock::enter(const std::string& message, time_point now) {
  if (message.empty()) return std::nullopt;
  if (name_of(message) == name_of(message_)) {
    message_ = message;
    return std::nullopt;
  }
  auto previous = end(now);
  message_ = message;
  return previous;
}

std::optional<finished_phase> phase_clock::end(time_point now) {
  const auto took = between(phase_started_, now);
  phase_started_ = now;
  auto message = std::exchange(message_, {});
  if (message.empty()) return std::nullopt;
  return finished_phase{std::move(message), took};
}

std::chrono::milliseconds phase_clock::in_phase(time_point now) const { return between(phase_started_, now); }

std::chrono::milliseconds phase_clock::in_build(time_point now) const { return between(build_started_, now); }

} // namespace ib::imgctl
