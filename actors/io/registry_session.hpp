#pragma once

#include "actors/domain/rate_governor.hpp"
#include "actors/domain/registry_settings.hpp"
#include "actors/io/bearer_token.hpp"
#include "actors/io/credential_source.hpp"
#include "actors/io/fault_points.hpp"
#include "actors/io/http_client.hpp"
#include "actors/io/limit_board.hpp"
#include "actors/io/pending_token.hpp"
#include "actors/io/registry_clock.hpp"
#include "actors/io/registry_endpoint.hpp"
#include "actors/io/registry_failure.hpp"
#include "actors/io/task.hpp"

#include <chrono>
#include <map>
#include <memory>
#include <random>
#include <string>

namespace ib::io {

/// What all calls of one registry client share. Everything below `http` is used on its thread alone.
struct registry_core {
  registry_core(registry_settings how, std::shared_ptr<credential_store> who, registry_clock when,
                std::shared_ptr<fault_points> troubles);

  const registry_settings settings;
  const std::shared_ptr<credential_store> credentials;
  const registry_clock clock;
  const std::shared_ptr<fault_points> faults; ///< null unless faults are injected
  const std::shared_ptr<http_client> http;
  auth_memory memory;
  std::map<std::string, std::shared_ptr<pending_token>> pending_tokens; ///< being fetched, by token_key()
  rate_governor governor;
  std::shared_ptr<limit_board> limits;             ///< who has limited us, for those who look; or null
  std::map<std::string, std::string> index_bodies; ///< of image indexes, by digest
  std::minstd_rand jitter;
};

/// The right to ask one registry for certain things, until a deadline.
struct registry_access {
  using clock = std::chrono::steady_clock;

  std::shared_ptr<registry_core> core;
  registry_endpoint endpoint;
  registry_credential credential;
  std::string scope; ///< "repository:library/alpine:pull", several separated by spaces
  registry_topic topic;
  clock::time_point deadline;
  std::stop_token asker; ///< see registry_lookup
};

/// Whose credential an access uses.
struct credential_order {
  request_auth auth;
  registry_purpose purpose = registry_purpose::resolve;
};

/// Looks the credential for the endpoint up and makes an access of it; fails only with `cancelled`.
task<result<registry_access>> open_access(std::shared_ptr<registry_core> core, registry_endpoint endpoint,
                                          credential_order order, registry_topic topic,
                                          registry_access::clock::time_point deadline);

/// A request for "/v2/<path>" of the access's registry.
http_request request_to(const registry_access& access, http_method method, const std::string& path);

/// True where the registry is known to ask this credential for authentication.
bool is_challenged(const registry_access& access);

/// Sends a request with what the registry wants for authentication: nothing, Basic, or a bearer token, which
/// is kept until it expires and fetched anew once where the registry refuses it. The response may be of any
/// status but 429, which is an error like every request before its time has passed; errors are without
/// context.
task<result<http_response>> registry_send(registry_access access, http_request request);

} // namespace ib::io
