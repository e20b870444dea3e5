#include "actors/io/ecr_host.hpp"

#include "actors/domain/auth_policy.hpp"

namespace ib::io {

namespace {

std::string at_amazon(const std::string& service, const ecr_host& host) {
  return "https://" + service + "." + host.region + ".amazonaws.com" + (host.china ? ".cn" : "") + "/";
}

} // namespace

std::optional<ecr_host> parse_ecr_host(std::string_view domain) {
  if (!auth_policy::is_ecr_host(domain)) return std::nullopt;
  constexpr std::string_view fips_part = ".dkr.ecr-fips.";
  constexpr std::string_view end = ".amazonaws.com";
  ecr_host host;
  host.fips = domain.find(fips_part) != std::string_view::npos;
  host.china = domain.ends_with(".cn");
  domain = domain.substr(0, domain.rfind(end));
  host.region = domain.substr(domain.rfind('.') + 1);
  return host;
}

std::string ecr_endpoint(const ecr_host& host) { return at_amazon(host.fips ? "ecr-fips" : "api.ecr", host); }

std::string sts_endpoint(const ecr_host& host) { return at_amazon("sts", host); }

} // namespace ib::io
