#include "actors/house.hpp"

#include "actors/names.hpp"
#include "actors/observe.hpp"
#include "actors/restart_cause.hpp"

#include <caf/actor.hpp>
#include <caf/send.hpp>
#include <prometheus/counter.h>

#include <chrono>
#include <memory>
#include <utility>

namespace ib {

namespace {

struct start_child {
  size_t index = 0;
};

struct child {
  child_spec spec;
  caf::strong_actor_ptr actor;
  restart_policy policy;
};

} // namespace

} // namespace ib

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::start_child)

namespace ib {

caf::behavior house(caf::event_based_actor* self, std::vector<child_spec> specs, restart_limits limits,
                    std::shared_ptr<service_health> health, std::shared_ptr<metrics> meter) {
  auto seen = enter_board(self, "house", "house");
  auto children = std::make_shared<std::vector<child>>();
  for (auto& spec : specs) {
    meter->restarts(caf::to_string(spec.name), "crash"); // there from the start, with 0
    children->push_back({std::move(spec), nullptr, restart_policy(limits)});
  }

  auto start = [self, children, health](size_t index) {
    auto& who = (*children)[index];
    who.actor = who.spec.start(self->system());
    self->system().registry().put(who.spec.name, who.actor);
    self->monitor(caf::actor_cast<caf::actor>(who.actor));
    if (who.spec.vital) health->ready(caf::to_string(who.spec.name));
  };

  self->set_down_handler([self, children, limits, health, meter](caf::down_msg& down) {
    for (size_t i = 0; i < children->size(); ++i) {
      auto& who = (*children)[i];
      if (!who.actor || who.actor->address() != down.source) continue;
      self->system().registry().erase(who.spec.name);
      who.actor = nullptr;
      auto now = std::chrono::duration_cast<std::chrono::milliseconds>(self->clock().now().time_since_epoch())
                     .count();
      auto delay_ms = who.policy.on_crash(now).value_or(limits.max_delay_ms);
      auto name = caf::to_string(who.spec.name);
      auto cause = self->system().render(down.reason);
      if (who.spec.vital) health->not_ready(name, "is being restarted after a crash: " + cause);
      meter->restarts(name, restart_cause(down.reason)).Increment();
      log_of("house/" + name)
          .error("restarting actor", {{"cause", cause}, {"delay_ms", std::to_string(delay_ms)}});
      self->delayed_send(self, std::chrono::milliseconds(delay_ms), start_child{i});
    }
  });

  for (size_t i = 0; i < children->size(); ++i)
    start(i);
  return seen.observe([start](const start_child& m) { start(m.index); }, [](const await_house&) {},
                      [self, children](const stop_house&) {
                        for (auto who = children->rbegin(); who != children->rend(); ++who) {
                          self->system().registry().erase(who->spec.name);
                          if (who->actor)
                            caf::anon_send_exit(caf::actor_cast<caf::actor>(who->actor),
                                                caf::exit_reason::user_shutdown);
                          who->actor = nullptr;
                        }
                        self->quit();
                      });
}

} // namespace ib
