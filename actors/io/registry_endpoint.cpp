#include "actors/io/registry_endpoint.hpp"

namespace ib::io {

registry_endpoint endpoint_of(const registry_settings& settings, const std::string& domain) {
  registry_options options;
  if (auto found = settings.registries.find(domain); found != settings.registries.end())
    options = found->second;
  auto host = domain == "docker.io" ? std::string("registry-1.docker.io") : domain;
  auto scheme = speaks_plain_http(settings, domain) ? "http://" : "https://";
  return {domain, scheme + host, options.ca_file, options.cert_file, options.key_file};
}

std::vector<registry_endpoint> pull_endpoints(const registry_settings& settings, const std::string& domain) {
  std::vector<registry_endpoint> endpoints;
  auto found = settings.registries.find(domain);
  if (found != settings.registries.end() && !found->second.mirror.empty())
    endpoints.push_back(endpoint_of(settings, found->second.mirror));
  endpoints.push_back(endpoint_of(settings, domain));
  return endpoints;
}

} // namespace ib::io
