#include "gateway/house_settings.hpp"

#include "actors/domain/reference.hpp"
#include "actors/io/log.hpp"
#include "config/changes.hpp"

#include <algorithm>
#include <thread>

namespace ib {

namespace {

/// With ws-manager, Kubernetes finds places for builds.
constexpr size_t without_limit = 1'000'000;

} // namespace

queue_limits queue_limits_of(const config::settings& settings) {
  queue_limits limits;
  limits.queued = settings.limits.queued_builds;
  switch (settings.orchestrator.engine) {
  case config::engine_kind::wsman:
    limits.running = without_limit;
    break;
  case config::engine_kind::local:
    limits.running = settings.local.concurrent_builds;
    if (limits.running == 0) limits.running = std::max(1U, std::thread::hardware_concurrency());
    break;
  }
  return limits;
}

retention_limits retention_of(const config::settings& settings) {
  retention_limits limits;
  limits.finished_builds = settings.limits.finished_builds;
  limits.log_bytes = settings.limits.finished_log_bytes;
  limits.age_ms = settings.limits.finished_age_ms;
  return limits;
}

ref_cache_config ref_cache_of(const config::settings& settings) {
  ref_cache_config cache;
  cache.interval = std::chrono::milliseconds(settings.ref_cache.interval_ms);
  for (const auto& ref : settings.ref_cache.refs)
    if (auto parsed = parse_reference(ref)) cache.refs.push_back(*parsed);
  return cache;
}

std::chrono::milliseconds time_limit_of(const config::settings& settings) {
  return std::chrono::milliseconds(settings.local.build_time_limit_ms);
}

std::vector<std::string> known_registries(const config::settings& settings) {
  std::vector<std::string> domains{
      "docker.io", parse_repository(settings.orchestrator.base_image_repository)->domain,
      parse_repository(settings.orchestrator.workspace_image_repository)->domain};
  for (const auto& [domain, options] : settings.registries.registries)
    domains.push_back(domain);
  return domains;
}

size_t log_changes(const config::settings& before, const config::settings& after) {
  auto changes = config::changes_between(before, after);
  for (const auto& change : changes) {
    const std::initializer_list<io::log_field> fields{
        {"key", change.path}, {"before", change.before}, {"after", change.after}};
    if (change.at_once)
      io::log_info("a changed key of the configuration holds from now on", fields);
    else
      io::log_warning("a changed key of the configuration needs a restart", fields);
  }
  return changes.size();
}

} // namespace ib
