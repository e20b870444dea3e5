#pragma once

#include <string>

namespace CLI {
class App;
}

namespace ib::imgctl {

/// A script that completes the commands and flags of `app` in `shell` ("bash", "zsh" or "fish"). Flags whose
/// value is a FILE complete file names.
std::string completion_script(const CLI::App& app, const std::string& shell);

} // namespace ib::imgctl
