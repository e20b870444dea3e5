#pragma once

#include <string>
#include <string_view>

namespace ib {

/// Whether a text is UTF-8 exactly as Unicode defines it: no overlong forms, no surrogates.
bool is_utf8(std::string_view text);

/// `text` with U+FFFD for every byte that belongs to no character. For what is told in messages, whose texts
/// must be UTF-8, of what tools print, which need not.
std::string as_utf8(std::string_view text);

} // namespace ib
