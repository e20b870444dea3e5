#pragma once

#include "actors/domain/registry_settings.hpp"
#include "actors/io/credential_source.hpp"
#include "actors/io/registry_client.hpp"
#include "actors/io/registry_clock.hpp"

#include <memory>

namespace ib::io {

class fault_points;
class limit_board;

/// A registry client over HTTP with a thread of its own. Its destruction cancels what is in flight: each
/// `done` is then called with `cancelled` before the destructor returns, except for a call whose credential
/// a source has not yet answered; that one is called when the source answers.
/// `faults` are asked before each HTTP request, `limits` hears of registries that limit us.
std::shared_ptr<registry_client> make_registry_client(registry_settings settings,
                                                      std::shared_ptr<credential_store> credentials,
                                                      registry_clock clock = {},
                                                      std::shared_ptr<fault_points> faults = nullptr,
                                                      std::shared_ptr<limit_board> limits = nullptr);

} // namespace ib::io
