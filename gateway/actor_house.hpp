#pragma once

#include "actors/build_intake.hpp"
#include "actors/metrics.hpp"
#include "actors/running_builds.hpp"
#include "actors/service_health.hpp"
#include "actors/storage_board.hpp"
#include "config/settings.hpp"

#include <caf/actor_system.hpp>

#include <memory>

namespace ib {

class chosen_engine;
class journal_store;
class ref_board;
class settings_board;
struct house_config;

namespace io {
class registry_client;
}

/// What the actors share with the rest of the service.
struct house_ground {
  const settings_board& now;
  chosen_engine& engine;
  std::shared_ptr<io::registry_client> registry;
  std::shared_ptr<journal_store> journal;
  std::shared_ptr<running_builds_board> board;
  std::shared_ptr<ref_board> refs;
  std::shared_ptr<storage_board> storage;
  std::shared_ptr<service_health> health;
  std::shared_ptr<metrics> meter;
  intake_settings intake;
};

/// The long-lived actors of the service below their root: which there are, in which order they start, and how
/// they end.
class actor_house {
public:
  /// Starts them all, and waits until they have started or some time has passed.
  actor_house(house_config& config, house_ground ground);
  /// Waits for the last actor; after close().
  ~actor_house();
  actor_house(const actor_house&) = delete;
  actor_house& operator=(const actor_house&) = delete;

  caf::actor_system& system();
  /// Tells them what has changed. One that is just being restarted finds it on the board.
  void tell_changes(const config::settings& before, const config::settings& after);
  /// Ends all actors but those that answer nobody.
  void close();
  /// The root has crashed; the process has sent itself SIGTERM.
  bool is_broken() const;

private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

} // namespace ib
