#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ib::io {

/// What the name of an Amazon ECR registry says.
struct ecr_host {
  std::string region;
  bool fips = false;  ///< asks for endpoints with validated cryptography
  bool china = false; ///< of the partition whose domain ends in ".cn"
};

/// Takes apart what auth_policy::is_ecr_host accepts; nothing for any other host.
std::optional<ecr_host> parse_ecr_host(std::string_view domain);

/// Where GetAuthorizationToken is asked for the registries of that region.
std::string ecr_endpoint(const ecr_host& host);

/// Where AssumeRoleWithWebIdentity is asked for that region.
std::string sts_endpoint(const ecr_host& host);

} // namespace ib::io
