#pragma once

#include "actors/domain/result.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

// Single steps on the way to a peer, one at a time and blocking, to find out which one fails. What serves
// requests takes http_client.

namespace ib::io {

/// One address of a host.
struct host_address {
  std::string text; ///< "192.0.2.1", "2001:db8::1"
  bool is_ipv6 = false;
};

/// All addresses of a host name or an address; not_found where there is none, with the resolver's words.
result<std::vector<host_address>> find_addresses(const std::string& host);

/// Opens a TCP connection and closes it. Errors are deadline_exceeded, unavailable (refused, no way there)
/// and failed_precondition: this machine does not speak that protocol at all.
result<std::chrono::microseconds> try_connection(const host_address& to, uint16_t port,
                                                 std::chrono::milliseconds patience);

/// Why a TLS handshake failed.
enum class tls_fault : uint8_t {
  none,
  expired,           ///< the peer's certificate is over, or not valid yet
  unknown_authority, ///< nobody we trust has signed it
  other_name,        ///< it is for another host
  our_files,         ///< our CA file, certificate or key cannot be used
  other,             ///< no TLS there, no common version, our certificate is refused
};

struct tls_greeting {
  tls_fault fault = tls_fault::none;
  std::string words;   ///< why it failed
  std::string version; ///< "TLSv1.3"
  int64_t ends_at = 0; ///< of the peer's certificate, unix seconds; 0 where it showed none
};

/// Whom a TLS handshake is tried with, and what is shown and trusted.
struct tls_peer {
  host_address address;
  uint16_t port = 443;
  std::string host;      ///< its certificate has to be for this name or address
  std::string ca_file;   ///< trusted beside the system's CAs; empty for those alone
  std::string cert_file; ///< ours; empty for none
  std::string key_file;  ///< empty where cert_file holds it
};

/// Connects, shakes hands and goes away.
tls_greeting try_tls(const tls_peer& peer, std::chrono::milliseconds patience);

} // namespace ib::io
