#pragma once

#include "actors/domain/build_source.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace ib {

/// Credentials for one registry. All empty means anonymous access.
struct registry_credential {
  std::string username;
  std::string password;
  std::string identity_token; ///< OAuth2 refresh token
  std::string registry_token; ///< bearer token to send as it is
  std::string opaque_auth;    ///< `auth` that is no base64 of "user:password"; sent as "Basic <auth>"

  bool empty() const;
  bool operator==(const registry_credential&) const = default;
};

/// What a registry is asked for; it decides whose credentials may be used (spec: images.md, "Credentials").
enum class registry_purpose : uint8_t {
  resolve,    ///< a caller's lookup of an image reference
  own_image,  ///< lookups of the workspace image, and pushes to the base and workspace repositories
  dockerfile, ///< what a Dockerfile's FROM pulls
};

/// Where a credential may come from, in the order to try.
enum class credential_kind : uint8_t {
  service_file, ///< the service's Docker config file
  ecr,          ///< a token from Amazon's GetAuthorizationToken
  request,      ///< the request's `additional` entry for the domain
};

/// The rules of images.md, "Credentials", as a table: pure, no look-ups.
class auth_policy {
public:
  auth_policy(std::string base_domain, std::string workspace_domain);

  /// Which sources may serve `domain` for this request and purpose; the first that has a credential is used.
  std::vector<credential_kind> sources(const request_auth& auth, registry_purpose purpose,
                                       std::string_view domain) const;

  /// True for a host that is exactly an Amazon ECR registry.
  static bool is_ecr_host(std::string_view domain);

  /// Decodes one `additional` value: base64 of "user:password", with the rules for "host:port:token" and
  /// opaque values.
  static registry_credential decode_additional(std::string_view domain, std::string_view value);

  /// The request's own credential for `domain`, empty where it has none.
  static registry_credential from_request(const request_auth& auth, std::string_view domain);

private:
  std::string base_domain_;
  std::string workspace_domain_;
};

/// Every text of a request or credential that must never be shown: passwords, tokens, and their encoded
/// forms.
std::vector<std::string> secrets_of(const registry_credential& credential);
std::vector<std::string> secrets_of(const request_auth& auth);
std::vector<std::string> secrets_of(const build_source& source);

} // namespace ib
