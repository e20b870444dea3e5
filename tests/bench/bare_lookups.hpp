#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace ib::test {

/// Sends a HEAD for each URL by libcurl's multi interface and nothing else, `in_flight` at a time, on this
/// thread. Gives how many were answered with 200.
size_t bare_lookups(const std::vector<std::string>& urls, size_t in_flight);

} // namespace ib::test
