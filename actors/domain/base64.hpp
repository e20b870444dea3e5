#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ib {

/// Standard base64 (RFC 4648, section 4) with padding.
std::string base64_encode(std::string_view bytes);

/// Decodes standard base64, padded or not; nothing where `text` is no such thing (foreign characters,
/// impossible length, wrong padding, stray bits at the end).
std::optional<std::string> base64_decode(std::string_view text);

} // namespace ib
