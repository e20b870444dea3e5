#include "actors/resolver_pool.hpp"

#include "actors/guard.hpp"

#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <functional>
#include <utility>

namespace ib {

resolver_pool_state::~resolver_pool_state() {
  for (const auto& worker : workers)
    caf::anon_send_exit(worker, caf::exit_reason::user_shutdown);
}

resolver_actor::behavior_type resolver_pool(resolver_actor::stateful_pointer<resolver_pool_state> self,
                                            std::shared_ptr<io::registry_client> client,
                                            resolver_settings settings) {
  keep_what(self, "resolver_pool");
  auto& workers = self->state.workers;
  auto spawn_worker = [self, client, settings]() -> resolver_actor {
    return self->spawn<caf::monitored>(resolver, client, settings);
  };
  for (size_t i = 0; i < std::max<size_t>(settings.workers, 1); ++i)
    workers.push_back(spawn_worker());
  self->set_down_handler([&workers, spawn_worker](caf::down_msg& down) {
    for (auto& worker : workers)
      if (worker.address() == down.source) worker = spawn_worker();
  });
  auto worker_for = [&workers](const io::registry_lookup& lookup) {
    return workers[std::hash<std::string>{}(lookup.ref.repository()) % workers.size()];
  };
  return {
      [self, worker_for](resolve_image& wish) {
        auto worker = worker_for(wish.lookup);
        return self->delegate(worker, std::move(wish));
      },
      [self, worker_for](find_image& wish) {
        auto worker = worker_for(wish.lookup);
        return self->delegate(worker, std::move(wish));
      },
  };
}

} // namespace ib
