#pragma once

#include <caf/actor_cast.hpp>
#include <caf/actor_registry.hpp>
#include <caf/actor_system.hpp>
#include <caf/atom.hpp>

#include <chrono>

namespace ib {

/// The long-lived actors are found by name, so that a restarted one is the one that is found.
namespace names {
inline constexpr auto journal = caf::atom("journal");
inline constexpr auto resolver = caf::atom("resolver");
inline constexpr auto ref_cache = caf::atom("ref_cache");
inline constexpr auto engine = caf::atom("engine");
inline constexpr auto fan_out = caf::atom("fan_out");
inline constexpr auto builds = caf::atom("builds");
inline constexpr auto director = caf::atom("director");
inline constexpr auto gateway = caf::atom("gateway");
} // namespace names

/// The actor that has a name now; null between a crash and its restart.
template <class Handle>
Handle find_actor(caf::actor_system& system, caf::atom_value name) {
  return caf::actor_cast<Handle>(system.registry().get(name));
}

/// How long one actor waits for another of this process before it takes it for crashed.
inline constexpr std::chrono::seconds ask_timeout{30};

} // namespace ib
