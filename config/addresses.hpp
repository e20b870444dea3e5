#pragma once

#include "actors/domain/result.hpp"

#include <string_view>

namespace ib::config {

enum class address_use : uint8_t {
  listen,  ///< the host may be empty (all interfaces) and the port 0 (a free one)
  connect, ///< a host and a port above 0 are needed
};

/// Checks "host:port", "[::1]:8080" and, to listen, ":8080" and ":0". invalid_argument says which part is
/// wrong. Nothing is looked up.
result<void> check_address(std::string_view text, address_use use);

/// Checks "https://host:port/path": http or https, without user, query and fragment.
result<void> check_base_url(std::string_view text);

/// True where an address to listen on is reached from this machine alone.
bool is_loopback_address(std::string_view text);

} // namespace ib::config
