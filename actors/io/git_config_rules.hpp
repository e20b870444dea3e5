#pragma once

#include "actors/domain/result.hpp"

#include <map>
#include <string>
#include <string_view>

namespace ib::io {

/// True where a git config key is known to be harmless: with no value can it make git run a program, read or
/// write a file elsewhere, or talk to another place. Everything not known is not harmless.
bool is_harmless_git_config(std::string_view key);

/// Checks a custom config (spec: engines.md, "only keys that cannot run programs"); invalid_argument names
/// the key.
result<void> check_git_config(const std::map<std::string, std::string>& config, const std::string& field);

} // namespace ib::io
