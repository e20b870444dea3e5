#pragma once

#include <cstdint>
#include <string>

namespace ib::io {

/// A point in time for people, "2024-02-29T23:59:59Z", from milliseconds since 1970; what is left of a second
/// counts as a whole one, so that a waiting time is never told too short.
std::string utc_text(int64_t unix_ms);

/// Milliseconds since 1970 by the system's clock.
int64_t unix_ms_now();

} // namespace ib::io
