#pragma once

#include <string>

namespace ib::io {

/// A random (version 4) UUID in its usual text form.
std::string random_uuid();

/// 32 random bytes as 64 hex digits, fit for a secret.
std::string random_token();

} // namespace ib::io
