#include "actors/io/bearer_token.hpp"

#include "actors/domain/base64.hpp"
#include "actors/domain/sha256.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

namespace ib::io {

namespace {

constexpr size_t max_entries = 4096;
constexpr int64_t shortest_lifetime_s = 60; // the token specification's default and minimum
constexpr int64_t longest_lifetime_s = 24 * 60 * 60;

/// The parts of a text between separators, empty ones left out.
std::vector<std::string> parts_of(const std::string& text, char separator) {
  std::vector<std::string> parts;
  for (size_t begin = 0; begin < text.size();) {
    auto end = std::min(text.find(separator, begin), text.size());
    if (end > begin) parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

/// "scope=a&scope=b" for "a b".
std::string scope_parameters(const std::string& scope) {
  std::string parameters;
  for (const auto& part : parts_of(scope, ' '))
    parameters += "&scope=" + percent_encode(part);
  return parameters;
}

/// True where "repository:a/b:pull,push" grants all that "repository:a/b:pull" grants.
bool covers(const std::string& wide, const std::string& narrow) {
  auto colon = narrow.rfind(':');
  if (colon == std::string::npos || wide.compare(0, colon + 1, narrow, 0, colon + 1) != 0)
    return wide == narrow;
  auto granted = parts_of(wide.substr(colon + 1), ',');
  auto wanted = parts_of(narrow.substr(colon + 1), ',');
  return std::all_of(wanted.begin(), wanted.end(), [&](const std::string& action) {
    return std::find(granted.begin(), granted.end(), action) != granted.end();
  });
}

bool is_header_text(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

std::string member(const nlohmann::json& object, const char* name) {
  auto found = object.find(name);
  if (found == object.end() || !found->is_string()) return {};
  return found->get_ref<const std::string&>();
}

} // namespace

bool choose_challenge(const http_headers& headers, known_challenge& chosen) {
  bool found = false;
  for (const auto& value : headers.all("WWW-Authenticate")) {
    for (const auto& offer : parse_challenges(value)) {
      if (offer.scheme == "bearer" && !offer.parameter("realm").empty()) {
        chosen = {false, offer.parameter("realm"), offer.parameter("service"), offer.parameter("scope")};
        return true;
      }
      if (offer.scheme == "basic") {
        chosen = {true, {}, {}, {}};
        found = true;
      }
    }
  }
  return found;
}

std::string joined_scopes(const std::string& needed, const std::string& named) {
  auto scopes = needed;
  for (const auto& extra : parts_of(named, ' ')) {
    auto known = parts_of(scopes, ' ');
    bool covered = std::any_of(known.begin(), known.end(),
                               [&](const std::string& scope) { return covers(scope, extra); });
    if (!covered) scopes += (scopes.empty() ? "" : " ") + extra;
  }
  return scopes;
}

std::string basic_authorization(const registry_credential& credential) {
  if (!credential.opaque_auth.empty()) return "Basic " + credential.opaque_auth;
  if (credential.username.empty() && credential.password.empty()) return {};
  return "Basic " + base64_encode(credential.username + ":" + credential.password);
}

http_request token_request(const known_challenge& challenge, const std::string& scope,
                           const registry_credential& credential) {
  http_request request;
  request.max_body_bytes = 1'048'576;
  request.headers.set("Accept", "application/json");
  auto service = "service=" + percent_encode(challenge.service);
  if (!credential.identity_token.empty()) {
    request.method = http_method::post;
    request.url = challenge.realm;
    request.headers.set("Content-Type", "application/x-www-form-urlencoded");
    request.body = "grant_type=refresh_token&client_id=image-builder&" + service +
                   "&scope=" + percent_encode(scope) +
                   "&refresh_token=" + percent_encode(credential.identity_token);
    return request;
  }
  auto separator = challenge.realm.find('?') == std::string::npos ? "?" : "&";
  request.url = challenge.realm + separator + service + scope_parameters(scope);
  auto basic = basic_authorization(credential);
  if (!basic.empty()) request.headers.set("Authorization", basic);
  return request;
}

result<bearer_token> parse_token(const std::string& body) {
  auto answer = nlohmann::json::parse(body, nullptr, false);
  if (!answer.is_object()) return error{error_code::data_corrupt, "the answer is no JSON object"};
  auto text = member(answer, "token");
  if (text.empty()) text = member(answer, "access_token");
  if (!is_header_text(text)) return error{error_code::data_corrupt, "the answer has no usable token"};
  int64_t seconds = shortest_lifetime_s;
  if (auto found = answer.find("expires_in"); found != answer.end() && found->is_number_integer())
    seconds = std::clamp(found->get<int64_t>(), int64_t{0}, longest_lifetime_s);
  // A token must still be good when it arrives.
  auto margin = std::min<int64_t>(5'000, seconds * 100);
  return bearer_token{text, std::chrono::milliseconds(seconds * 1000 - margin)};
}

std::string fingerprint(const registry_credential& credential) {
  if (credential.empty()) return "anonymous";
  std::string all;
  for (const auto* part : {&credential.username, &credential.password, &credential.identity_token,
                           &credential.registry_token, &credential.opaque_auth})
    all += std::to_string(part->size()) + ":" + *part;
  return sha256_hex(all);
}

const known_challenge* auth_memory::challenge(const std::string& registry_key) const {
  auto found = challenges_.find(registry_key);
  return found == challenges_.end() ? nullptr : &found->second;
}

void auth_memory::remember(const std::string& registry_key, known_challenge challenge) {
  if (challenges_.size() >= max_entries) challenges_.clear();
  challenges_.insert_or_assign(registry_key, std::move(challenge));
}

std::string auth_memory::token(const std::string& token_key, clock::time_point now) const {
  auto found = tokens_.find(token_key);
  return found != tokens_.end() && found->second.expires > now ? found->second.text : std::string();
}

void auth_memory::remember_token(const std::string& token_key, const bearer_token& token,
                                 clock::time_point now) {
  if (tokens_.size() >= max_entries)
    std::erase_if(tokens_, [now](const auto& item) { return item.second.expires <= now; });
  if (tokens_.size() >= max_entries) tokens_.clear();
  tokens_.insert_or_assign(token_key, entry{token.text, now + token.lifetime});
}

} // namespace ib::io
