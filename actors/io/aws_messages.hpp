#pragma once

#include "actors/domain/result.hpp"
#include "actors/io/http_message.hpp"

#include <chrono>
#include <optional>
#include <string>

namespace ib::io {

/// What a request to Amazon is signed with.
struct aws_keys {
  std::string access_key;
  std::string secret_key;
  std::string session_token; ///< of temporary keys, else empty
};

/// A role to assume with a token of another identity service (IAM roles for service accounts).
struct web_identity {
  std::string role;
  std::string session_name;
  std::string token;
};

/// The password of an ECR registry.
struct ecr_password {
  std::string username;
  std::string password;
  std::optional<std::chrono::system_clock::time_point> expires;
};

/// GetAuthorizationToken, signed.
http_request authorization_token_request(const std::string& endpoint, const std::string& region,
                                         const aws_keys& keys);
/// The answer to it. Errors: see aws_failure; data_corrupt where a 200 holds no token.
result<ecr_password> parse_authorization_token(const http_response& response);

/// AssumeRoleWithWebIdentity; needs no signature, its token is the proof.
http_request web_identity_request(const std::string& endpoint, const web_identity& identity);
/// The answer to it. Errors: see aws_failure; data_corrupt where a 200 holds no keys.
result<aws_keys> parse_web_identity(const http_response& response);

/// What a response other than 200 means: unauthenticated, permission_denied, too_many_requests, unavailable
/// or internal. Names the type of the failure but never its words: Amazon repeats the signed request, with
/// its session token, in them.
error aws_failure(const http_response& response);

} // namespace ib::io
