#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace ib::imgctl {

using time_point = std::chrono::steady_clock::time_point;

/// A phase of a build that is over.
struct finished_phase {
  std::string message;
  std::chrono::milliseconds took{};
};

/// The phases of one build as its `running` messages tell them. Pure: the caller says what time it is.
class phase_clock {
public:
  explicit phase_clock(time_point start) : build_started_(start), phase_started_(start) {}

  /// A `running` response came. The phase that this ends, if any: a message that differs only after its first
  /// comma ("queued, 3 builds ahead") is the same phase in new words; an empty one says nothing new.
  std::optional<finished_phase> enter(const std::string& message, time_point now);

  /// The build is over.
  std::optional<finished_phase> end(time_point now);

  /// The current phase's words; empty before the first.
  const std::string& message() const { return message_; }
  std::chrono::milliseconds in_phase(time_point now) const;
  std::chrono::milliseconds in_build(time_point now) const;

private:
  time_point build_started_;
  time_point phase_started_;
  std::string message_;
};

} // namespace ib::imgctl
