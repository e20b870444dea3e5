#pragma once

#include <chrono>
#include <stop_token>

namespace ib::io {

/// Blocks for `duration` or until a stop is requested; false where it was stopped. Only for threads that may
/// block.
bool wait_or_stop(std::chrono::milliseconds duration, const std::stop_token& stop);

} // namespace ib::io
