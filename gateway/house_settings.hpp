#pragma once

#include "actors/build.hpp"
#include "actors/domain/queue_policy.hpp"
#include "actors/journal_store.hpp"
#include "actors/ref_cache.hpp"
#include "config/settings.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace ib {

/// The configuration that holds now. Actors that are started again find changed values here. Any thread.
class settings_board {
public:
  explicit settings_board(config::settings now)
      : current_(std::make_shared<const config::settings>(std::move(now))) {}
  std::shared_ptr<const config::settings> read() const { return current_.load(); }
  void publish(config::settings now) {
    current_.store(std::make_shared<const config::settings>(std::move(now)));
  }

private:
  std::atomic<std::shared_ptr<const config::settings>> current_;
};

/// Registries that the configuration speaks of, and the one that nobody needs to name.
std::vector<std::string> known_registries(const config::settings& settings);

/// Writes a line for each key that differs, whether the change holds from now on or needs a restart; how
/// many.
size_t log_changes(const config::settings& before, const config::settings& after);

// What of the configuration each part of the house goes by; all of it may change while the service runs.

queue_limits queue_limits_of(const config::settings& settings);
retention_limits retention_of(const config::settings& settings);
ref_cache_config ref_cache_of(const config::settings& settings);
std::chrono::milliseconds time_limit_of(const config::settings& settings);

} // namespace ib
