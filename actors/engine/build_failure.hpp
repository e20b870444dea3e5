#pragma once

#include "actors/domain/build_machine.hpp"
#include "actors/domain/error.hpp"

#include <deque>
#include <string>
#include <string_view>

namespace ib {

/// The last lines a child printed and the Dockerfile step it was in: what a failure is explained with.
class output_tail {
public:
  static constexpr size_t kept_lines = 20;
  static constexpr size_t kept_line_bytes = 500;

  void add(std::string_view bytes);
  /// The last lines, oldest first, without an unfinished empty one.
  std::deque<std::string> lines() const;
  /// The last "STEP n/m: …" line, empty before the first.
  const std::string& step() const { return step_; }

private:
  void take_line();

  std::string line_;
  std::deque<std::string> lines_;
  std::string step_;
};

/// Turns the end of a failed build tool into an error: which step, what it said, whose fault it is. buildah
/// and skopeo tell their reasons in text only; what is recognised is in one table.
error explain_failure(const output_tail& tail, int exit_code, int signal);

/// Whose fault an error of a step is: the peers' and ours is infrastructure, everything else the user's.
fault_class fault_of(error_code code);

} // namespace ib
