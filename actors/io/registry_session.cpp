#include "actors/io/registry_session.hpp"

#include "actors/io/http_await.hpp"
#include "actors/io/http_url.hpp"

#include <algorithm>
#include <utility>

namespace ib::io {

namespace {

/// Awaitable: a credential from the store, back on the client's thread whoever found it.
class credential_lookup {
public:
  credential_lookup(registry_core& core, credential_order order, std::string domain)
      : core_(core), order_(std::move(order)), domain_(std::move(domain)) {}
  credential_lookup(const credential_lookup&) = delete;
  credential_lookup& operator=(const credential_lookup&) = delete;

  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> awaiting) {
    // The frame that holds this object may be gone before find() returns.
    auto order = std::move(order_);
    auto domain = std::move(domain_);
    auto credentials = core_.credentials;
    auto http = core_.http;
    credentials->find(order.auth, order.purpose, domain,
                      [this, awaiting, http](const registry_credential& found) {
                        http->post([this, awaiting, found](bool alive) {
                          found_ = found;
                          alive_ = alive;
                          awaiting.resume();
                        });
                      });
  }
  result<registry_credential> await_resume() {
    if (!alive_) return error{error_code::cancelled, "the registry client has stopped"};
    return std::move(found_);
  }

private:
  registry_core& core_;
  credential_order order_;
  std::string domain_;
  registry_credential found_;
  bool alive_ = false;
};

/// Challenges are remembered per registry and credential: what is asked of anonymous callers says nothing
/// about others.
std::string registry_key(const registry_access& access) {
  return access.endpoint.base_url + " " + fingerprint(access.credential);
}

std::string token_key(const registry_access& access, const known_challenge& challenge) {
  return challenge.realm + "\n" + challenge.service + "\n" + access.scope + "\n" +
         fingerprint(access.credential);
}

void bound(const registry_access& access, http_request& request) {
  using namespace std::chrono;
  auto left = duration_cast<milliseconds>(access.deadline - registry_access::clock::now());
  request.total_timeout = std::max(left, milliseconds(1));
  request.connect_timeout =
      std::min(milliseconds(access.core->settings.connect_timeout_ms), request.total_timeout);
}

/// A secret that went to the registry by HTTPS must not go to its token service in the clear.
result<std::string> check_realm(const registry_access& access, const known_challenge& challenge) {
  auto realm = parse_origin(challenge.realm);
  if (!realm) return error{error_code::data_corrupt, "its token service has no valid URL"};
  bool downgrade = realm->scheme == "http" && access.endpoint.base_url.starts_with("https:");
  if (downgrade && !access.credential.empty())
    return error{error_code::unauthenticated,
                 "its token service " + realm->name() + " speaks plain HTTP; credentials are not sent there"};
  return realm->name();
}

/// "Bearer <token>" from the token service, which is then remembered.
task<result<std::string>> fetch_token(registry_access access, known_challenge challenge) {
  auto service = check_realm(access, challenge);
  if (!service) co_return service.error();
  const auto scope = challenge.scope.empty() ? access.scope : challenge.scope;
  auto request = token_request(challenge, scope, access.credential);
  request.ca_file = access.endpoint.ca_file;
  bound(access, request);
  http_exchange exchange(*access.core->http, std::move(request));
  auto response = co_await exchange;
  const auto where = "token service " + *service;
  if (!response) co_return with_context(response.error(), where);
  if (response->status != 200) {
    auto refused = status_error(*response);
    if (refused.code == error_code::not_found) refused.code = error_code::internal;
    // RFC 6749, section 5.2: a refused identity token is a 400.
    if (response->status == 400 && !access.credential.empty()) refused.code = error_code::unauthenticated;
    co_return with_context(std::move(refused), where);
  }
  auto token = parse_token(response->body);
  if (!token) co_return with_context(token.error(), where);
  access.core->memory.remember_token(token_key(access, challenge), *token);
  co_return "Bearer " + token->text;
}

/// What is sent without being asked, as far as it is known already.
struct prepared_authorization {
  std::string header; ///< empty: nothing known
  bool final = false; ///< a refusal cannot be mended by another token
};

task<result<prepared_authorization>> prepare_authorization(registry_access access) {
  prepared_authorization prepared;
  if (!access.credential.registry_token.empty()) {
    prepared.header = "Bearer " + access.credential.registry_token;
    prepared.final = true;
    co_return prepared;
  }
  const auto* known = access.core->memory.challenge(registry_key(access));
  if (!known) co_return prepared;
  if (known->basic) {
    prepared.header = basic_authorization(access.credential);
    co_return prepared;
  }
  auto challenge = *known;
  challenge.scope.clear(); // it was another request's
  auto kept = access.core->memory.token(token_key(access, challenge));
  if (!kept.empty()) {
    prepared.header = "Bearer " + kept;
    co_return prepared;
  }
  auto fetching = fetch_token(access, challenge);
  auto fetched = co_await fetching;
  if (!fetched) co_return fetched.error();
  prepared.header = *fetched;
  prepared.final = true;
  co_return prepared;
}

/// The challenge of a 401 that can be answered better than it was.
bool answerable(const registry_access& access, const http_request& sent, const http_response& response,
                known_challenge& challenge) {
  if (response.status != 401 || !choose_challenge(response.headers, challenge)) return false;
  auto asked = parse_origin(sent.url);
  auto answered = parse_origin(response.url);
  if (!asked || !answered || !(*asked == *answered)) return false; // a redirect's target gets no credentials
  if (!challenge.basic) return true;
  auto basic = basic_authorization(access.credential);
  return !basic.empty() && sent.headers.first("Authorization") != basic;
}

} // namespace

registry_core::registry_core(registry_settings how, std::shared_ptr<credential_store> who)
    : settings(std::move(how)),
      credentials(std::move(who)),
      http(std::make_shared<http_client>()),
      jitter(std::random_device{}()) {}

task<result<registry_access>> open_access(std::shared_ptr<registry_core> core, registry_endpoint endpoint,
                                          credential_order order, registry_topic topic,
                                          registry_access::clock::time_point deadline) {
  credential_lookup lookup(*core, std::move(order), endpoint.domain);
  auto credential = co_await lookup;
  if (!credential) co_return describe(topic, credential.error());
  topic.registry = endpoint.domain;
  topic.secrets = secrets_of(*credential);
  co_return registry_access{core, std::move(endpoint), std::move(*credential),
                            {},   std::move(topic),    deadline};
}

http_request request_to(const registry_access& access, http_method method, const std::string& path) {
  http_request request;
  request.method = method;
  request.url = access.endpoint.base_url + "/v2/" + path;
  request.ca_file = access.endpoint.ca_file;
  return request;
}

bool is_challenged(const registry_access& access) {
  return access.core->memory.challenge(registry_key(access)) != nullptr;
}

task<result<http_response>> registry_send(registry_access access, http_request request) {
  auto preparing = prepare_authorization(access);
  auto prepared = co_await preparing;
  if (!prepared) co_return prepared.error();
  if (!prepared->header.empty()) request.headers.set("Authorization", prepared->header);
  bound(access, request);
  http_exchange first(*access.core->http, request);
  auto response = co_await first;
  known_challenge challenge;
  if (!response || prepared->final || !answerable(access, request, *response, challenge)) co_return response;

  access.core->memory.remember(registry_key(access), challenge);
  access.core->memory.forget_token(token_key(access, challenge));
  if (challenge.basic) {
    request.headers.set("Authorization", basic_authorization(access.credential));
  } else {
    auto fetching = fetch_token(access, challenge);
    auto fetched = co_await fetching;
    if (!fetched) co_return fetched.error();
    request.headers.set("Authorization", *fetched);
  }
  bound(access, request);
  http_exchange second(*access.core->http, std::move(request));
  auto answer = co_await second;
  co_return answer;
}

} // namespace ib::io
