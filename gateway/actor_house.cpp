#include "gateway/actor_house.hpp"

#include "actors/build_supervisor.hpp"
#include "actors/director.hpp"
#include "actors/fan_out.hpp"
#include "actors/house.hpp"
#include "actors/house_config.hpp"
#include "actors/io/log.hpp"
#include "actors/io/registry_client.hpp"
#include "actors/journal_keeper.hpp"
#include "actors/names.hpp"
#include "actors/ref_cache.hpp"
#include "actors/resolver_pool.hpp"
#include "gateway/engine_choice.hpp"
#include "gateway/gateway_actor.hpp"
#include "gateway/house_settings.hpp"

#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <future>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace ib {

namespace {

size_t cores() { return std::max(1U, std::thread::hardware_concurrency()); }

house_config& configured(house_config& config) {
  // On few cores `sharing` keeps the latency of an ask low while one worker is busy.
  config.set("scheduler.policy", caf::atom("sharing"));
  config.set("scheduler.max-threads", std::max<size_t>(cores(), 2));
  return config;
}

template <class Handle>
caf::strong_actor_ptr strong(const Handle& handle) {
  return caf::actor_cast<caf::strong_actor_ptr>(handle);
}

} // namespace

struct actor_house::parts {
  parts(house_config& config, house_ground g) : ground(std::move(g)), system(configured(config)) {}

  house_ground ground;
  std::shared_ptr<build_children> children = std::make_shared<build_children>();
  std::shared_ptr<std::promise<void>> end = std::make_shared<std::promise<void>>();
  std::shared_ptr<std::atomic<bool>> broken = std::make_shared<std::atomic<bool>>(false);
  caf::actor_system system;
  caf::actor root;

  std::vector<child_spec> all();
  void watch_root();
};

std::vector<child_spec> actor_house::parts::all() {
  resolver_settings resolver;
  resolver.tag_cache_ms = ground.now.read()->tag_cache_ms;
  resolver.ahead = ground.refs;
  resolver.meter = ground.meter;
  director_settings direction;
  direction.meter = ground.meter;
  direction.log_retention_bytes = ground.now.read()->limits.log_bytes_per_build;
  direction.health = ground.health;
  return {
      {names::journal,
       [&g = ground](caf::actor_system& s) {
         // Its disk may be slow: it has a thread of its own.
         return strong(s.spawn<caf::detached>(journal_keeper, g.journal, g.storage,
                                              retention_of(*g.now.read()), g.meter));
       }},
      {names::resolver,
       [&g = ground, resolver](auto& s) { return strong(s.spawn(resolver_pool, g.registry, resolver)); }},
      {names::ref_cache,
       [&g = ground](auto& s) { return strong(s.spawn(ref_cache, g.refs, ref_cache_of(*g.now.read()))); },
       false},
      {names::engine, [&g = ground](auto& s) { return g.engine.spawn(s); }, true,
       [&g = ground] { g.engine.end_orphans(); }},
      {names::fan_out, [&g = ground](auto& s) { return strong(s.spawn(fan_out, g.board)); }, false},
      {names::builds,
       [this](auto& s) {
         build_settings build;
         build.time_limit = time_limit_of(*ground.now.read());
         build.meter = ground.meter;
         return strong(s.spawn(build_supervisor, children, restart_limits{}, build));
       },
       true, [this] { end_orphans(*children); }},
      {names::director,
       [&g = ground, direction](auto& s) {
         auto with_limits = direction;
         with_limits.limits = queue_limits_of(*g.now.read());
         return strong(s.spawn(director, g.board, with_limits));
       }},
      {names::gateway, [&g = ground](auto& s) { return strong(s.spawn(gateway, g.intake)); }},
  };
}

void actor_house::parts::watch_root() {
  root->attach_functor([end = end, broken = broken](const caf::error& reason) {
    if (reason && reason != caf::exit_reason::normal && reason != caf::exit_reason::user_shutdown) {
      *broken = true;
      io::log_error("the root of the house has crashed: the service ends; it finds everything again when it "
                    "is started anew");
      ::kill(::getpid(), SIGTERM);
    }
    end->set_value();
  });
}

actor_house::actor_house(house_config& config, house_ground ground)
    : parts_(std::make_unique<parts>(config, std::move(ground))) {
  restart_limits limits;
  limits.intensity = 10;
  auto& system = parts_->system;
  parts_->root = system.spawn(house, parts_->all(), limits, parts_->ground.health, parts_->ground.meter);
  parts_->watch_root();
  // Who calls as soon as the service listens is not to be told that the gateway is restarting.
  caf::scoped_actor here(system);
  here->request(parts_->root, ask_timeout, await_house{})
      .receive([] {},
               [](const caf::error&) {
                 io::log_error("the actors take long to start; callers are told to try again meanwhile");
               });
}

actor_house::~actor_house() = default;

caf::actor_system& actor_house::system() { return parts_->system; }

void actor_house::tell_changes(const config::settings& before, const config::settings& after) {
  auto tell = [this](auto handle, caf::atom_value name, auto message) {
    using actor = decltype(handle);
    if (auto who = find_actor<actor>(system(), name)) caf::anon_send(who, std::move(message));
  };
  tell(director_impl(), names::director, change_limits{queue_limits_of(after)});
  tell(journal_impl(), names::journal, change_retention{retention_of(after)});
  tell(build_supervisor_impl(), names::builds, change_time_limit{time_limit_of(after)});
  if (before.ref_cache.refs != after.ref_cache.refs ||
      before.ref_cache.interval_ms != after.ref_cache.interval_ms)
    tell(ref_cache_actor(), names::ref_cache, change_refs{ref_cache_of(after)});
}

void actor_house::close() {
  constexpr std::chrono::seconds patience{15};
  caf::anon_send(parts_->root, stop_house{});
  parts_->root = nullptr;
  if (parts_->end->get_future().wait_for(patience) == std::future_status::timeout)
    io::log_warning("the actors do not end in time");
  if (!is_broken()) return;
  for (auto name : {names::gateway, names::director, names::builds, names::fan_out, names::engine,
                    names::ref_cache, names::resolver, names::journal}) {
    if (auto actor = system().registry().get(name))
      caf::anon_send_exit(caf::actor_cast<caf::actor>(actor), caf::exit_reason::user_shutdown);
    system().registry().erase(name);
  }
}

bool actor_house::is_broken() const { return *parts_->broken; }

} // namespace ib
