#pragma once

#include "actors/domain/auth_policy.hpp"
#include "actors/domain/result.hpp"
#include "actors/io/auth_challenge.hpp"
#include "actors/io/http_message.hpp"

#include <chrono>
#include <map>
#include <string>

namespace ib::io {

/// What a registry told about authenticating with it.
struct known_challenge {
  bool basic = false;  ///< HTTP Basic; else Bearer with the members below
  std::string realm;   ///< URL of the token service
  std::string service; ///< name of the registry at the token service
  std::string scope;   ///< as the registry asked for, or empty
};

/// The best challenge this client can answer, Bearer before Basic; false where there is none.
bool choose_challenge(const http_headers& headers, known_challenge& chosen);

/// What to ask a token service for: the scopes that the access needs and those the registry names beside
/// them.
std::string joined_scopes(const std::string& needed, const std::string& named);

/// "Basic …" for a credential, empty where it has no user, password or opaque value.
std::string basic_authorization(const registry_credential& credential);

/// Asks the token service: OAuth2 POST for an identity token, else GET with Basic or anonymous (Docker's
/// token authentication specification). `scope` may hold several scopes separated by spaces.
http_request token_request(const known_challenge& challenge, const std::string& scope,
                           const registry_credential& credential);

/// A token and how long it may be used.
struct bearer_token {
  std::string text;
  std::chrono::milliseconds lifetime{60'000};
};

/// Reads a token service's answer; data_corrupt where there is no usable token in it.
result<bearer_token> parse_token(const std::string& body);

/// A name for a credential that reveals nothing of it.
std::string fingerprint(const registry_credential& credential);

/// What the client has learned: challenges per registry and tokens per scope. Used on one thread.
class auth_memory {
public:
  using clock = std::chrono::steady_clock;

  const known_challenge* challenge(const std::string& registry_key) const;
  void remember(const std::string& registry_key, known_challenge challenge);
  void forget(const std::string& registry_key) { challenges_.erase(registry_key); }

  /// A token that has not expired, empty where there is none.
  std::string token(const std::string& token_key, clock::time_point now) const;
  void remember_token(const std::string& token_key, const bearer_token& token, clock::time_point now);
  void forget_token(const std::string& token_key) { tokens_.erase(token_key); }

private:
  struct entry {
    std::string text;
    clock::time_point expires;
  };
  std::map<std::string, known_challenge> challenges_;
  std::map<std::string, entry> tokens_;
};

} // namespace ib::io
