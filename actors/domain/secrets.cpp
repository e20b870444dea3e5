#include "actors/domain/auth_policy.hpp"
#include "actors/domain/base64.hpp"

#include <algorithm>
#include <set>
#include <utility>

// Which texts are secret: secrets_of() of auth_policy.hpp.

namespace ib {

namespace {

/// User names this long look like tokens (GitHub accepts a token as the user).
constexpr size_t token_user_bytes = 20;

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
         c == '.' || c == '~';
}

std::string percent_encoded(std::string_view text, std::string_view hex_digits) {
  std::string out;
  for (char c : text) {
    if (is_unreserved(c)) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += hex_digits[byte >> 4];
    out += hex_digits[byte & 15];
  }
  return out;
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool is_escape =
        text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 && hex_value(text[i + 2]) >= 0;
    if (!is_escape) {
      out += text[i];
      continue;
    }
    out += static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
    i += 2;
  }
  return out;
}

/// Collects secrets with all the forms in which a tool may print them.
class secret_collector {
public:
  void add_raw(std::string text) {
    if (!text.empty()) texts_.insert(std::move(text));
  }

  void add(const std::string& secret) {
    add_raw(secret);
    add_raw(percent_encoded(secret, "0123456789ABCDEF"));
    add_raw(percent_encoded(secret, "0123456789abcdef"));
    add_base64(secret);
  }

  void add_base64(const std::string& secret) {
    auto encoded = base64_encode(secret);
    add_raw(encoded.substr(0, encoded.find('=')));
    add_raw(std::move(encoded));
  }

  void add_user(const std::string& user) {
    if (user.size() >= token_user_bytes) add(user);
  }

  /// "user:password" and its base64, as Basic authentication sends it.
  void add_pair(const std::string& user, const std::string& password) {
    add_user(user);
    add(password);
    if (password.empty()) return;
    const auto pair = user + ':' + password;
    add_raw(pair);
    add_base64(pair);
  }

  /// The user part of a URL, as it is written there and decoded.
  void add_userinfo(std::string_view url) {
    const auto scheme = url.find("://");
    if (scheme == std::string_view::npos) return;
    auto authority = url.substr(scheme + 3);
    authority = authority.substr(0, authority.find_first_of("/?#"));
    const auto at = authority.rfind('@');
    if (at == std::string_view::npos) return;
    const auto userinfo = authority.substr(0, at);
    const auto colon = userinfo.find(':');
    const std::string user(userinfo.substr(0, colon));
    const std::string password(colon == std::string_view::npos ? "" : userinfo.substr(colon + 1));
    add_pair(user, password);
    add_pair(percent_decoded(user), percent_decoded(password));
  }

  std::vector<std::string> take() && { return {texts_.begin(), texts_.end()}; }

private:
  std::set<std::string> texts_;
};

void collect(secret_collector& secrets, const registry_credential& credential) {
  secrets.add_pair(credential.username, credential.password);
  secrets.add(credential.identity_token);
  secrets.add(credential.registry_token);
  secrets.add(credential.opaque_auth);
  if (const auto decoded = base64_decode(credential.opaque_auth)) secrets.add(*decoded);
}

void collect(secret_collector& secrets, const git_initializer& git) {
  secrets.add_pair(git.auth.user, git.auth.password);
  secrets.add(git.auth.one_time_url);
  secrets.add_userinfo(git.auth.one_time_url);
  secrets.add_userinfo(git.remote_uri);
  secrets.add_userinfo(git.upstream_remote_uri);
  for (const auto& [key, value] : git.config) {
    secrets.add_userinfo(key); // url.<base>.insteadOf holds the URL in its key
    secrets.add_userinfo(value);
    if (!is_credential_config(key)) continue;
    secrets.add(value);
    // "Authorization: Basic <value>": the value is secret by itself too.
    secrets.add(value.substr(value.find_last_of(' ') + 1));
  }
}

/// Collects what an initializer hides; one overload for each alternative.
struct initializer_secrets {
  secret_collector& secrets;

  void operator()(const empty_initializer&) const {}
  void operator()(const git_initializer& git) const { collect(secrets, git); }
  void operator()(const download_initializer& download) const {
    for (const auto& file : download.files)
      secrets.add_userinfo(file.url);
  }
  void operator()(const prebuild_initializer& prebuild) const {
    for (const auto& git : prebuild.git)
      collect(secrets, git);
  }
  void operator()(const composite_initializer& composite) const {
    for (const auto& part : composite.parts)
      std::visit(*this, part.spec);
  }
};

} // namespace

std::vector<std::string> secrets_of(const registry_credential& credential) {
  secret_collector secrets;
  collect(secrets, credential);
  return std::move(secrets).take();
}

std::vector<std::string> secrets_of(const request_auth& auth) {
  secret_collector secrets;
  for (const auto& [domain, value] : auth.additional) {
    secrets.add(value);
    collect(secrets, auth_policy::decode_additional(domain, value));
  }
  return std::move(secrets).take();
}

std::vector<std::string> secrets_of(const build_source& source) {
  secret_collector secrets;
  if (const auto* file = std::get_if<dockerfile_source>(&source)) {
    std::visit(initializer_secrets{secrets}, file->source.spec);
  }
  return std::move(secrets).take();
}

} // namespace ib
