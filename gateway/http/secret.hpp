#pragma once

#include "gateway/http/message.hpp"

#include <string_view>

namespace ib::http {

/// Whether two secrets are the same, in a time that tells nothing about where they differ nor how long the
/// expected one is. An empty `expected` is equal to nothing.
bool same_secret(std::string_view given, std::string_view expected);

/// Whether the request carries `Authorization: Bearer TOKEN` with this token.
bool bears(const request& asked, std::string_view token);

} // namespace ib::http
