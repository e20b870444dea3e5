#pragma once

#include "actors/domain/result.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>

namespace ib::io {

/// One GET with a blocking caller: for bodies that are streamed somewhere, of any size.
struct http_download {
  std::string url;
  std::string shown;               ///< the name used in messages; the URL itself is in none of them
  uint64_t max_bytes = 0;          ///< more is resource_exhausted
  bool allow_file = false;         ///< file:// URLs too
  std::chrono::seconds timeout{0}; ///< for the whole transfer, 0 for none; a stalled one ends in any case
  /// Takes the body in pieces; an error of it ends the transfer and is the answer.
  std::function<result<void>(std::string_view)> on_body;
};

/// Carries it out. Redirects are followed, never from https to another protocol, and carry no credentials to
/// another host. not_found, unauthenticated, permission_denied, too_many_requests and invalid_argument tell
/// the server's refusal, unavailable a failing server or network, cancelled the stop token (within about a
/// second).
result<void> download(const http_download& request, std::stop_token stop);

} // namespace ib::io
