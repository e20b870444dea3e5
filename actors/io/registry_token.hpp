#pragma once

#include "actors/io/registry_session.hpp"

#include <string>

namespace ib::io {

/// The name a token of this access is kept under: per registry, token service, scope and credential.
std::string token_key(const registry_access& access, const known_challenge& challenge);

/// A new token for the access from the token service that the challenge names, which is then remembered.
/// Callers that want the same one at the same time share one request. Errors name the token service.
task<result<std::string>> fetch_token(registry_access access, known_challenge challenge);

} // namespace ib::io
