#pragma once

#include "actors/domain/registry_settings.hpp"

#include <string>
#include <vector>

namespace ib::io {

/// How a registry is reached.
struct registry_endpoint {
  std::string domain;   ///< as in references; decides which credentials are used
  std::string base_url; ///< "https://registry-1.docker.io", without a slash at the end
  std::string ca_file;
  std::string cert_file;
  std::string key_file;
};

/// The registry itself: docker.io is served by registry-1.docker.io; loopback hosts speak plain HTTP unless
/// configured (spec: images.md, "Resolution").
registry_endpoint endpoint_of(const registry_settings& settings, const std::string& domain);

/// Where to pull from, in the order to try: the mirror, if one is configured, then the registry itself.
std::vector<registry_endpoint> pull_endpoints(const registry_settings& settings, const std::string& domain);

} // namespace ib::io
