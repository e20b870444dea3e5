#pragma once

#include "tools/imgctl/files.hpp"
#include "tools/imgctl/options.hpp"
#include "tools/imgctl/outcome.hpp"

#include <string>

namespace ib::imgctl {

/// Fills in where the service is: what was given stays, the rest comes from the service's configuration where
/// one is named, and then from what a service has without any.
outcome<global_options> find_service(global_options given);

/// The debug endpoint of a service.
struct debug_place {
  std::string url;   ///< "http://127.0.0.1:6060"
  std::string token; ///< secret; empty: none is shown
  tls_options tls;   ///< of an https URL
};

/// `global` as find_service() left it. The token comes from IMGCTL_DEBUG_TOKEN or a file, never from an
/// argument.
outcome<debug_place> find_debug(const global_options& global, const environment& env);

} // namespace ib::imgctl
