#pragma once

#include "config/settings.hpp"

#include <string>
#include <vector>

namespace ib::config {

/// One key whose value differs between two configurations. Values are JSON text, or "not set".
struct change {
  std::string path; ///< "log.level"
  std::string before;
  std::string after;
  bool at_once = false; ///< holds once it is read; else the service has to be started again
  bool operator==(const change&) const = default;
};

/// What differs, in the order of the keys.
std::vector<change> changes_between(const settings& before, const settings& after);

/// `before` with the values of `after` for the keys whose changes hold at once.
settings with_changes_at_once(const settings& before, const settings& after);

} // namespace ib::config
