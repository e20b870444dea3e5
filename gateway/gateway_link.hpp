#pragma once

#include "gateway/gateway_actor.hpp"
#include "gateway/pull_stream.hpp"

#include <caf/actor_system.hpp>
#include <caf/send.hpp>

#include <utility>

namespace ib {

/// The gateway actor; unavailable while it is away or the service stops.
result<gateway_actor> find_gateway(caf::actor_system& system, const stream_house& house);

/// The way of a call from its gRPC thread into the house.
template <class Message>
result<void> send_to_gateway(caf::actor_system& system, const stream_house& house, Message message) {
  auto actor = find_gateway(system, house);
  if (!actor) return actor.error();
  caf::anon_send(*actor, std::move(message));
  return {};
}

} // namespace ib
