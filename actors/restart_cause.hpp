#pragma once

#include <caf/error.hpp>

#include <string>

namespace ib {

/// Why an actor ended, in one of a handful of words: what a metric may be labelled with. What the exception
/// said is in the log.
std::string restart_cause(const caf::error& reason);

} // namespace ib
