#pragma once

#include "actors/domain/error.hpp"

#include <string>
#include <string_view>

namespace ib::io {

/// What went wrong, read from git's messages (English, since we set its language): git tells the cause in no
/// other way than text. `subject` begins the message: "cannot access git repository https://…".
error git_failure(std::string_view messages, int exit_code, const std::string& subject);

} // namespace ib::io
