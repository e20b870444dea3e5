#pragma once

#include <chrono>
#include <cstddef>

namespace ib::http {

/// What a server lets its clients have. Whoever takes more is refused or cut, never waited for.
struct limits {
  size_t connections = 1024; ///< further ones are closed at once
  size_t streams = 960;      ///< streamed answers; further ones are answered 503, so that others still are
  size_t header_bytes = 16384;
  size_t body_bytes = 65536;
  std::chrono::milliseconds request{
      10'000};                            ///< from a request's first byte to its last, and the TLS handshake
  std::chrono::milliseconds idle{60'000}; ///< between two requests
  std::chrono::milliseconds answer{60'000}; ///< until the handler's answer
  std::chrono::milliseconds write{300'000}; ///< for one piece: a client that takes none for so long is cut
  std::chrono::milliseconds linger{2000};   ///< for the client to close after us
};

} // namespace ib::http
