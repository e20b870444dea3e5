#include "actors/restart_cause.hpp"

#include <caf/atom.hpp>
#include <caf/exit_reason.hpp>
#include <caf/sec.hpp>

namespace ib {

std::string restart_cause(const caf::error& reason) {
  if (reason.category() == caf::atom("exit")) return to_string(static_cast<caf::exit_reason>(reason.code()));
  // What guard.hpp makes of an exception, and an actor of its own decision to start anew.
  if (reason == caf::sec::runtime_error) return "crash";
  if (reason.category() == caf::atom("system")) return to_string(static_cast<caf::sec>(reason.code()));
  return "other";
}

} // namespace ib
