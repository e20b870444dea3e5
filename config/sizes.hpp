#pragma once

#include "actors/domain/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace ib::config {

/// Bytes of a size: a whole number with one of the units B, KiB, MiB, GiB, TiB (1024) or kB, MB, GB, TB
/// (1000). invalid_argument where the text is no size or is 2^63 or more.
result<int64_t> parse_size(std::string_view text);

/// The size in the largest unit of 1024 that divides it: "20GiB", "1000B".
std::string format_size(uint64_t bytes);

} // namespace ib::config
