#pragma once

#include <string>

namespace grpc {
class Channel;
}

namespace ib::imgctl {

enum class health_state { serving, not_serving, unknown, unreachable };

struct health_answer {
  health_state state = health_state::unreachable;
  std::string words; ///< why there is no answer, or none that helps
};

/// What grpc.health.v1.Health says of a service; "" is the server as a whole.
health_answer ask_health(grpc::Channel& channel, const std::string& service);

} // namespace ib::imgctl
