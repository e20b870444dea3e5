#pragma once

#include <string>

namespace ib::doctor {

struct doctor_flags {
  std::string config; ///< the configuration's file; empty for the defaults
  bool json = false;
};

/// Tests what the configuration needs and says what to mend (spec: operations.md, "Programs"); prints to
/// standard output. 0 where nothing failed, else 1.
int examine(const doctor_flags& flags);

} // namespace ib::doctor
