#pragma once

#include "actors/domain/registry_settings.hpp"

#include <set>
#include <string>
#include <vector>

namespace ib {

/// How buildah pulls from one registry.
struct pull_route {
  std::string domain;
  bool plain_http = false;
  std::string mirror; ///< asked first; empty for none
  bool mirror_plain_http = false;
};

/// The routes to the registries of these domains and to all that are configured.
std::vector<pull_route> pull_routes(const registry_settings& settings, std::set<std::string> domains);

/// The domains and those of their mirrors.
std::set<std::string> with_mirrors(const registry_settings& settings, std::set<std::string> domains);

/// A registries.conf (containers-registries.conf(5), version 2) for these routes alone.
std::string registries_conf(const std::vector<pull_route>& routes);

} // namespace ib
