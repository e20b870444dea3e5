#pragma once

#include "tools/imgctl/options.hpp"
#include "tools/imgctl/outcome.hpp"

#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace CLI {
class App;
}

namespace ib::imgctl {

/// The tree of commands and flags; parsing it fills `into`, which must outlive it.
std::unique_ptr<CLI::App> make_app(command_line& into);

/// The program is to end without running a command: help was asked for, or the arguments are wrong.
struct early_exit {
  exit_code code = exit_code::success;
  std::string text; ///< for standard output on success, else for standard error
};

/// Reads the arguments, the program's name not among them.
std::variant<command_line, early_exit> parse_arguments(std::vector<std::string> arguments);

} // namespace ib::imgctl
