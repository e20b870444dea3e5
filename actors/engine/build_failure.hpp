#pragma once

#include "actors/domain/build_machine.hpp"
#include "actors/domain/error.hpp"
#include "actors/engine/build_step.hpp"

#include <deque>
#include <optional>
#include <string>
#include <string_view>

namespace ib {

/// The Dockerfile step a child was in and the last lines it printed since: what a failure is explained with.
/// Fewer lines where they are long: there is one tail for each running build, and its log has them all.
class output_tail {
public:
  static constexpr size_t kept_lines = 20;
  static constexpr size_t kept_line_bytes = 500;
  static constexpr size_t kept_bytes = 2048; ///< of all of them together

  void add(std::string_view bytes);
  /// The last lines of the step (of all output, where there was none), oldest first, without empty ones.
  std::deque<std::string> lines() const;
  /// The last step, none before the first.
  const std::optional<build_step>& step() const { return step_; }
  /// The line that announced it, empty before the first.
  const std::string& step_line() const { return step_line_; }

private:
  void take_line();
  void keep_line();

  std::string line_;
  std::string lines_; ///< each with its line end, as they came; what a client sees of them is UTF-8
  size_t count_ = 0;  ///< of these
  std::optional<build_step> step_;
  std::string step_line_;
};

/// Turns the end of a failed build tool into an error: which step, what it said, whose fault it is. buildah
/// and skopeo tell their reasons in text only; what is recognised is in one table.
error explain_failure(const output_tail& tail, int exit_code, int signal);

/// Where a build tool failed: the line of the Dockerfile, where the tail has a step, and the step's last
/// words, without the tool's own last one, which is the message.
failure_place place_of_failure(const output_tail& tail, std::string_view dockerfile);

/// Whose fault an error of a step is: the peers' and ours is infrastructure, everything else the user's.
fault_class fault_of(error_code code);

} // namespace ib
