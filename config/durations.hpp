#pragma once

#include "actors/domain/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace ib::config {

/// Milliseconds of a duration as Go writes it: an optional sign and one or more numbers, each with a unit and
/// perhaps a fraction ("6h0m0s", "1.5h", "300ms", "0"). Units: ns, us, µs, ms, s, m, h. invalid_argument
/// where the text is no duration, where it is no whole number of milliseconds, and above 292 years.
result<int64_t> parse_duration(std::string_view text);

/// The duration as Go prints it: "6h0m0s", "1.5s", "300ms", "0s". parse_duration gives it back unchanged for
/// everything it can return.
std::string format_duration(int64_t ms);

} // namespace ib::config
