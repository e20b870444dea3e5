#pragma once

#include "actors/io/actor_board.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include <memory>

namespace ib {

/// The configuration of the service's actor system, with what every actor may look for there.
struct house_config : caf::actor_system_config {
  std::shared_ptr<io::actor_board> board = std::make_shared<io::actor_board>();
};

/// The board of the system's actors; in a system of another configuration (a small test's) one that nobody
/// else sees.
inline std::shared_ptr<io::actor_board> actor_board_of(const caf::actor_system& system) {
  auto* config = dynamic_cast<const house_config*>(&system.config());
  return config != nullptr ? config->board : std::make_shared<io::actor_board>();
}

} // namespace ib
