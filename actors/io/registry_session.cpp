#include "actors/io/registry_session.hpp"

#include "actors/io/http_url.hpp"
#include "actors/io/registry_exchange.hpp"
#include "actors/io/registry_token.hpp"

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

/// What is sent without being asked, as far as it is known already.
struct prepared_authorization {
  std::string header; ///< empty: nothing known
  bool final = false; ///< a refusal cannot be mended by another token
};

/// What the registry is known to want. A token service that cannot serve may not be the registry's any more:
/// the next caller asks the registry anew.
task<result<prepared_authorization>> prepare_authorization(registry_access access) {
  auto& core = *access.core;
  prepared_authorization prepared;
  if (!access.credential.registry_token.empty()) {
    prepared.header = "Bearer " + access.credential.registry_token;
    prepared.final = true;
    co_return prepared;
  }
  const auto* known = core.memory.challenge(registry_key(access));
  if (!known) co_return prepared;
  if (known->basic) {
    prepared.header = basic_authorization(access.credential);
    co_return prepared;
  }
  auto challenge = *known;
  challenge.scope.clear(); // it was another request's
  auto kept = core.memory.token(token_key(access, challenge), core.clock.steady());
  if (!kept.empty()) {
    prepared.header = "Bearer " + kept;
    co_return prepared;
  }
  auto fetching = fetch_token(access, challenge);
  auto fetched = co_await fetching;
  if (!fetched) {
    if (fetched.error().code != error_code::too_many_requests) core.memory.forget(registry_key(access));
    co_return fetched.error();
  }
  prepared.header = "Bearer " + *fetched;
  prepared.final = true;
  co_return prepared;
}

/// The answer to a 401. A token that another caller fetched in the meantime is as good as a new one.
task<result<std::string>> answer_challenge(registry_access access, known_challenge challenge,
                                           std::string refused) {
  auto& core = *access.core;
  core.memory.remember(registry_key(access), challenge);
  if (challenge.basic) co_return basic_authorization(access.credential);
  const auto key = token_key(access, challenge);
  auto kept = core.memory.token(key, core.clock.steady());
  if (!kept.empty() && "Bearer " + kept != refused) co_return "Bearer " + kept;
  core.memory.forget_token(key);
  auto fetching = fetch_token(std::move(access), std::move(challenge));
  auto fetched = co_await fetching;
  if (!fetched) co_return fetched.error();
  co_return "Bearer " + *fetched;
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

registry_core::registry_core(registry_settings how, std::shared_ptr<credential_store> who,
                             registry_clock when, std::shared_ptr<fault_points> troubles)
    : settings(std::move(how)),
      credentials(std::move(who)),
      clock(std::move(when)),
      faults(std::move(troubles)),
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
  request.cert_file = access.endpoint.cert_file;
  request.key_file = access.endpoint.key_file;
  request.stop = access.asker;
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
  auto sending = governed_exchange(access, request);
  auto response = co_await sending;
  known_challenge challenge;
  if (!response || prepared->final || !answerable(access, request, *response, challenge)) co_return response;

  auto answering = answer_challenge(access, std::move(challenge), request.headers.first("Authorization"));
  auto authorization = co_await answering;
  if (!authorization) co_return authorization.error();
  request.headers.set("Authorization", *authorization);
  auto repeating = governed_exchange(std::move(access), std::move(request));
  auto answer = co_await repeating;
  co_return answer;
}

} // namespace ib::io
