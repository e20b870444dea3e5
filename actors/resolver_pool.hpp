#pragma once

#include "actors/interfaces.hpp"
#include "actors/resolver.hpp"

#include <memory>
#include <vector>

namespace ib {

struct resolver_pool_state {
  explicit resolver_pool_state(caching_resolver::pointer) {}
  /// Workers end with their pool, and answer whoever still waits.
  ~resolver_pool_state();
  std::vector<caching_resolver> workers;
};

/// Routes each lookup to the worker its repository hashes to, so that single-flight stays local to a worker;
/// a worker that crashes is replaced at once and only its own lookups in flight fail.
caching_resolver::behavior_type resolver_pool(caching_resolver::stateful_pointer<resolver_pool_state> self,
                                              std::shared_ptr<io::registry_client> client,
                                              resolver_settings settings);

} // namespace ib
