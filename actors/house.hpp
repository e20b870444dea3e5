#pragma once

#include "actors/domain/restart_policy.hpp"
#include "actors/metrics.hpp"
#include "actors/service_health.hpp"

#include <caf/actor_control_block.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/atom.hpp>
#include <caf/event_based_actor.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace ib {

/// One long-lived actor of the house: its name, and how to start it.
struct child_spec {
  caf::atom_value name;
  std::function<caf::strong_actor_ptr(caf::actor_system&)> start;
  bool vital = true; ///< without it the service is not ready
  /// Called once it has ended for good: ends those whom it supervised and who outlive its crashes. Else
  /// empty.
  std::function<void()> end_orphans = {};
};

/// A question that is answered with nothing once every child has been started.
struct await_house {};

/// Ends the children in reverse order, then the supervisor.
struct stop_house {};

/// How long a child that is to end is waited for before the next one is told.
inline constexpr std::chrono::seconds end_patience{2};

/// The root of the tree: starts the children in order under their names and starts those again that crash. A
/// child that crashes more often than `limits` allow is started again at the longest delay: a service that
/// limps is better than none at night, and the log says so each time. `health` is told while a vital one is
/// away. Closing, it ends one child after another, the last one first, and ends itself.
caf::behavior house(caf::event_based_actor* self, std::vector<child_spec> children, restart_limits limits,
                    std::shared_ptr<service_health> health, std::shared_ptr<metrics> meter);

} // namespace ib

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::await_house)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::stop_house)
