#pragma once

#include "actors/domain/result.hpp"
#include "actors/io/http_message.hpp"

#include <string>

namespace ib::io {

/// The parts of a URL that decide whom a request is sent to.
struct http_origin {
  std::string scheme; ///< "http" or "https"
  std::string host;   ///< lower case, IPv6 in brackets
  std::string port;   ///< always set

  bool operator==(const http_origin&) const = default;
  /// "host:port" for messages, the port left out where it is the scheme's own.
  std::string name() const;
};

/// Parses an absolute http or https URL; invalid_argument for anything else.
result<http_origin> parse_origin(const std::string& url);

/// `location`, absolute or relative, as seen from `base`.
result<std::string> resolve_url(const std::string& base, const std::string& location);

/// True for a response that asks for the request to be sent elsewhere and whose request may be sent again:
/// GET and HEAD for every redirect, the others only where method and body are kept (307, 308).
bool is_redirect(const http_request& request, const http_response& response);

/// The request to send where a redirect points to. Credentials stay behind when scheme, host or port
/// differ; from HTTPS to plain HTTP is refused (spec: images.md, "Resolution").
result<http_request> redirected(http_request request, const http_response& response);

} // namespace ib::io
