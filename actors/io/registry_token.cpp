#include "actors/io/registry_token.hpp"

#include "actors/io/http_url.hpp"
#include "actors/io/pending_token.hpp"
#include "actors/io/registry_exchange.hpp"

#include <exception>
#include <memory>
#include <utility>

namespace ib::io {

namespace {

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

error refused_token(const registry_access& access, const http_response& response) {
  auto refused = status_error(response);
  if (refused.code == error_code::not_found) refused.code = error_code::internal;
  // RFC 6749, section 5.2: a refused identity token is a 400.
  if (response.status == 400 && !access.credential.empty()) refused.code = error_code::unauthenticated;
  return refused;
}

task<result<std::string>> ask_token_service(registry_access access, known_challenge challenge) {
  auto service = check_realm(access, challenge);
  if (!service) co_return service.error();
  auto request = token_request(challenge, joined_scopes(access.scope, challenge.scope), access.credential);
  request.ca_file = access.endpoint.ca_file;
  request.stop = access.asker;
  auto sending = governed_exchange(access, std::move(request));
  auto response = co_await sending;
  const auto where = "token service " + *service;
  if (!response) co_return with_context(response.error(), where);
  if (response->status != 200) co_return with_context(refused_token(access, *response), where);
  auto token = parse_token(response->body);
  if (!token) co_return with_context(token.error(), where);
  auto& core = *access.core;
  core.memory.remember_token(token_key(access, challenge), *token, core.clock.steady());
  co_return token->text;
}

/// Asks for everybody who wants the same token meanwhile.
task<result<std::string>> lead_fetch(registry_access access, known_challenge challenge) {
  const auto key = token_key(access, challenge);
  auto pending = std::make_shared<pending_token>();
  access.core->pending_tokens.insert_or_assign(key, pending);
  result<std::string> outcome = error{error_code::internal, "no answer"};
  try {
    auto asking = ask_token_service(access, std::move(challenge));
    outcome = co_await asking;
  } catch (const std::exception& e) {
    outcome = error{error_code::internal, e.what()}; // whoever waits must not wait for ever
  }
  access.core->pending_tokens.erase(key);
  pending->settle(outcome);
  co_return outcome;
}

/// Who asked for all had less time than this caller has, or went away.
bool was_left_alone(const registry_access& access, error_code code) {
  if (code == error_code::cancelled) return !access.asker.stop_requested();
  return code == error_code::deadline_exceeded && registry_access::clock::now() < access.deadline;
}

} // namespace

std::string token_key(const registry_access& access, const known_challenge& challenge) {
  return access.endpoint.base_url + "\n" + challenge.realm + "\n" + challenge.service + "\n" + access.scope +
         "\n" + fingerprint(access.credential);
}

task<result<std::string>> fetch_token(registry_access access, known_challenge challenge) {
  auto& core = *access.core;
  const auto key = token_key(access, challenge);
  for (auto found = core.pending_tokens.find(key); found != core.pending_tokens.end();
       found = core.pending_tokens.find(key)) {
    pending_token::wait waiting(found->second, *core.http, access.deadline);
    auto outcome = co_await waiting;
    if (outcome || !was_left_alone(access, outcome.error().code)) co_return outcome;
  }
  auto leading = lead_fetch(std::move(access), std::move(challenge));
  auto outcome = co_await leading;
  co_return outcome;
}

} // namespace ib::io
