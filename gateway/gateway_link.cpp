#include "gateway/gateway_link.hpp"

#include "actors/names.hpp"
#include "gateway/grpc_status.hpp"

namespace ib {

result<gateway_actor> find_gateway(caf::actor_system& system, const stream_house& house) {
  if (*house.draining) return error{error_code::unavailable, stopping_status().error_message(), "", {}};
  auto actor = find_actor<gateway_actor>(system, names::gateway);
  if (!actor) return error{error_code::unavailable, "the gateway is restarting; try again", "", {}};
  return actor;
}

} // namespace ib
