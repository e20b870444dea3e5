#pragma once

#include "tools/imgctl/options.hpp"
#include "tools/imgctl/outcome.hpp"

#include <string>

namespace ib::imgctl {

/// Where a service is reached, as its configuration says; empty where that says nothing.
struct service_places {
  std::string address;
  tls_options tls;
  std::string debug; ///< "off": turned off
  std::string debug_token_file;
};

/// The few keys of a service's configuration that lead to it. Addresses to listen on become ones to ask:
/// ":8080" is asked at the loopback.
outcome<service_places> read_service_config(const std::string& path, const std::string& text);

} // namespace ib::imgctl
