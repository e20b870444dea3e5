#pragma once

#include "tools/imgctl/outcome.hpp"

#include <functional>
#include <optional>
#include <string>

namespace ib::imgctl {

/// Looks up an environment variable; replaced in tests.
using environment = std::function<std::optional<std::string>(const std::string& name)>;

/// The environment of this process.
std::optional<std::string> process_environment(const std::string& name);

/// The whole content of `path`, "-" being standard input, up to 16 MiB, the service's own limit. `flag` names
/// who asked in the message of a failure.
outcome<std::string> read_input(const std::string& flag, const std::string& path);

} // namespace ib::imgctl
