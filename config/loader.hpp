#pragma once

#include "config/settings.hpp"

#include <string>
#include <vector>

namespace ib::config {

/// One thing that is wrong with a configuration.
struct fault {
  std::string path;    ///< "refCache.refs[2]"; empty where it concerns the whole text
  std::string message; ///< what is wrong and what is allowed
  bool operator==(const fault&) const = default;
};

/// "refCache.refs[2]: message".
std::string to_string(const fault& f);

struct load_options {
  bool check_files = true; ///< whether files that are named must exist and be readable
};

struct load_result {
  settings value;                   ///< only good to use where ok()
  std::vector<fault> faults;        ///< everything that is wrong, at once
  std::vector<std::string> notices; ///< keys that are accepted and have no effect
  bool ok() const { return faults.empty(); }
};

/// Checks a configuration as JSON text (spec: operations.md, "Configuration"). Keys that are missing or null
/// keep their defaults.
load_result load_settings(const std::string& json_text, const load_options& options = {});

/// load_settings for a file (at most 1 MiB); one that cannot be read is a fault, too.
load_result load_settings_file(const std::string& path, const load_options& options = {});

} // namespace ib::config
