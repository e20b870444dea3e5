#pragma once

#include "actors/io/credential_source.hpp"
#include "actors/io/fault_injector.hpp"
#include "actors/io/registry_client.hpp"
#include "actors/service_health.hpp"
#include "config/settings.hpp"

#include <caf/actor_control_block.hpp>
#include <caf/actor_system.hpp>

#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace ib {

/// What every engine stands on.
struct engine_ground {
  std::filesystem::path state; ///< exists, is ours alone
  std::shared_ptr<io::registry_client> registry;
  std::shared_ptr<io::credential_store> credentials;
  std::shared_ptr<service_health> health;
  std::shared_ptr<io::fault_injector> faults;                      ///< null where no faults are injected
  std::function<std::string(const std::string& build_id)> log_url; ///< null without an HTTP server
  std::map<std::string, std::string> environment;
};

/// The engine that the configuration names, with all it needs.
class chosen_engine {
public:
  virtual ~chosen_engine() = default;
  /// Starts its actor, again after a crash.
  virtual caf::strong_actor_ptr spawn(caf::actor_system& system) = 0;
  /// True where a build's log has its place once the build runs, and not before (see stream_house).
  virtual bool access_comes_later() const = 0;
  /// Its actor has ended for good: so do the runs that outlived its crashes.
  virtual void end_orphans() = 0;
  /// The process ends: so does everything that is under way.
  virtual void end_runs() = 0;
  /// Returns when nothing of it runs any more. After end_runs(), and before the actor system ends.
  virtual void wait() = 0;
};

result<std::unique_ptr<chosen_engine>> choose_engine(const config::settings& settings, engine_ground ground);

} // namespace ib
