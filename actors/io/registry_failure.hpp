#pragma once

#include "actors/domain/error.hpp"
#include "actors/io/http_message.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ib::io {

/// What a call to a registry is about, for its messages.
struct registry_topic {
  std::string doing;                ///< "cannot resolve image"
  std::string ref;                  ///< the reference as it was asked for
  std::string registry;             ///< its domain
  std::vector<std::string> secrets; ///< never to be repeated, whatever a registry answers
};

/// Adds what was done where to an error from below. A registry that took too long is `unavailable` like one
/// that cannot be reached (spec: api.md, ResolveBaseImage).
error describe(const registry_topic& topic, error cause);

/// The error a response of a refusing status stands for, without context: 404 not_found, 401 and 403
/// unauthenticated, 429 too_many_requests, 5xx unavailable, all others internal; with the server's words.
error status_error(const http_response& response);

/// status_error() with context; 404 says "not found in <registry>".
error refusal(const registry_topic& topic, const http_response& response);

/// The milliseconds a Retry-After header asks for, as seconds or as a date.
std::optional<int64_t> retry_after_ms(const http_headers& headers);

} // namespace ib::io
