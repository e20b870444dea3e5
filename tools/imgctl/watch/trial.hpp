#pragma once

#include "tools/imgctl/options.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace ib::imgctl {

/// What an attempt to reach a port showed.
struct trial {
  std::string fault;                ///< why it did not work; empty where it did
  std::string words;                ///< "127.0.0.1 in 0.3 ms"
  std::optional<int64_t> days_left; ///< of the certificate there
};

/// Connects to HOST:PORT and leaves again.
trial try_connection(const std::string& address);
/// The same with a handshake that trusts and shows what `tls` names.
trial try_tls(const std::string& address, const tls_options& tls);
/// Whether TLS is spoken there, whoever it is.
bool speaks_tls(const std::string& address);

} // namespace ib::imgctl
