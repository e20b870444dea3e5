#include "actors/resolver_pool.hpp"

#include "actors/names.hpp"
#include "actors/observe.hpp"
#include "actors/restart_cause.hpp"
#include "actors/striped_counter.hpp"

#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <prometheus/counter.h>

#include <functional>
#include <utility>

namespace ib {

namespace {

std::shared_ptr<const io::found_image> known_ahead(const std::shared_ptr<ref_board>& ahead,
                                                   const resolve_image& wish) {
  if (!ahead || wish.fresh) return nullptr;
  return find_ahead(*ahead, wish.lookup.ref);
}

/// The caches of all workers as one; a worker that crashes meanwhile has none.
caf::typed_response_promise<cached_digests>
list_all(caching_resolver::stateful_pointer<resolver_pool_state> self, const list_cached& wish) {
  struct gathering {
    caf::typed_response_promise<cached_digests> answer;
    cached_digests list;
    size_t missing = 0;
  };
  auto all = std::make_shared<gathering>();
  all->answer = self->make_response_promise<cached_digests>();
  all->missing = self->state.workers.size();
  auto take = [all, most = wish.most](const cached_digests& part) {
    all->list.kept += part.kept;
    all->list.rows.insert(all->list.rows.end(), part.rows.begin(), part.rows.end());
    if (--all->missing > 0) return;
    keep_youngest(all->list, most);
    all->answer.deliver(std::move(all->list));
  };
  for (const auto& worker : self->state.workers)
    self->request(worker, ask_timeout, wish).then(take, [take](const caf::error&) { take({}); });
  return all->answer;
}

} // namespace

resolver_pool_state::~resolver_pool_state() {
  for (const auto& worker : workers)
    caf::anon_send_exit(worker, caf::exit_reason::user_shutdown);
}

caching_resolver::behavior_type resolver_pool(caching_resolver::stateful_pointer<resolver_pool_state> self,
                                              std::shared_ptr<io::registry_client> client,
                                              resolver_settings settings) {
  auto seen = enter_board(self, "resolver_pool", "house/resolver");
  auto& workers = self->state.workers;
  auto spawn_worker = [self, client, settings](size_t place) -> caching_resolver {
    return self->spawn<caf::monitored>(resolver, client, settings, place);
  };
  for (size_t i = 0; i < std::max<size_t>(settings.workers, 1); ++i)
    workers.push_back(spawn_worker(i));
  settings.meter->restarts("resolver_worker", "crash"); // there from the start, with 0
  self->set_down_handler([&workers, spawn_worker, meter = settings.meter](caf::down_msg& down) {
    for (size_t i = 0; i < workers.size(); ++i) {
      if (workers[i].address() != down.source) continue;
      workers[i] = spawn_worker(i);
      meter->restarts("resolver_worker", restart_cause(down.reason)).Increment();
    }
  });
  auto worker_for = [&workers](const io::registry_lookup& lookup) {
    return workers[std::hash<std::string>{}(lookup.ref.repository()) % workers.size()];
  };
  return seen.observe(
      [self, worker_for, settings = std::move(settings)](resolve_image& wish) {
        auto answer = self->make_response_promise<image_answer>();
        if (auto image = known_ahead(settings.ahead, wish)) {
          settings.meter->registry(wish.lookup.ref.domain).ahead.increment();
          answer.deliver(image_answer{*image});
        } else {
          auto worker = worker_for(wish.lookup);
          answer.delegate(worker, std::move(wish));
        }
        return answer;
      },
      [self, worker_for](find_image& wish) {
        auto worker = worker_for(wish.lookup);
        return self->delegate(worker, std::move(wish));
      },
      [self](const list_cached& wish) { return list_all(self, wish); });
}

} // namespace ib
