#include "actors/engine/pull_routes.hpp"

namespace ib {

namespace {

/// An address in brackets is no name for the tools: there are no images there for them.
bool is_ipv6(const std::string& domain) { return domain.starts_with('['); }

} // namespace

std::vector<pull_route> pull_routes(const registry_settings& settings, std::set<std::string> domains) {
  for (const auto& [domain, options] : settings.registries)
    domains.insert(domain);
  std::vector<pull_route> routes;
  for (const auto& domain : domains) {
    if (is_ipv6(domain)) continue;
    pull_route route{domain, speaks_plain_http(settings, domain), {}, false};
    if (auto known = settings.registries.find(domain); known != settings.registries.end())
      route.mirror = known->second.mirror;
    if (is_ipv6(route.mirror)) route.mirror.clear();
    route.mirror_plain_http = !route.mirror.empty() && speaks_plain_http(settings, route.mirror);
    routes.push_back(std::move(route));
  }
  return routes;
}

std::set<std::string> with_mirrors(const registry_settings& settings, std::set<std::string> domains) {
  std::set<std::string> mirrors;
  for (const auto& domain : domains)
    if (auto known = settings.registries.find(domain); known != settings.registries.end())
      mirrors.insert(known->second.mirror);
  mirrors.erase("");
  domains.merge(mirrors);
  return domains;
}

std::string registries_conf(const std::vector<pull_route>& routes) {
  std::string text = "unqualified-search-registries = [\"docker.io\"]\nshort-name-mode = \"disabled\"\n";
  for (const auto& route : routes) {
    if (!route.plain_http && route.mirror.empty()) continue; // as by default
    text += "\n[[registry]]\nlocation = \"" + route.domain + "\"\n";
    if (route.plain_http) text += "insecure = true\n";
    if (route.mirror.empty()) continue;
    text += "[[registry.mirror]]\nlocation = \"" + route.mirror + "\"\n";
    if (route.mirror_plain_http) text += "insecure = true\n";
  }
  return text;
}

} // namespace ib
