#pragma once

#include "actors/build_listing.hpp"
#include "actors/io/actor_board.hpp"
#include "actors/io/limit_board.hpp"
#include "actors/metrics.hpp"
#include "actors/ref_cache.hpp"
#include "actors/resolver.hpp"
#include "actors/running_builds.hpp"
#include "actors/service_health.hpp"
#include "actors/storage_board.hpp"
#include "gateway/debug/time_series.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace ib {

/// Where the debug endpoint looks. All of it may be read on any thread and costs those who work nothing.
struct debug_sources {
  std::shared_ptr<const running_builds_board> builds;
  std::shared_ptr<const storage_board> storage;
  std::shared_ptr<const ref_board> refs;
  std::shared_ptr<const io::limit_board> limits;
  std::shared_ptr<const service_health> health;
  std::shared_ptr<io::actor_board> actors;
  std::shared_ptr<const metrics> meter;
  std::function<std::string()> configuration; ///< as it is now, as JSON text; it holds no secrets
  std::string version;
  int64_t started_ms = 0; ///< of the service, unix milliseconds
};

/// One row of a table that is sent again only where it has changed.
struct debug_row {
  std::string id;
  std::string lasting; ///< JSON members that change only when something happens
  std::string passing; ///< JSON members that change with time alone, such as an age; or empty

  /// The whole as a JSON object.
  std::string text() const { return "{" + lasting + (passing.empty() ? "" : "," + passing) + "}"; }
};

/// What the page shows of one moment; shared by all who look.
struct debug_view {
  std::string state;             ///< JSON object
  std::vector<debug_row> builds; ///< that run or wait, oldest first
  std::vector<debug_row> actors; ///< sorted by path
  std::string registries;        ///< JSON object
};

std::string state_json(const debug_sources& from);
/// Of one that waits also how many are `ahead` of it, and for how long it is guessed to wait (`wait_ms`).
std::vector<debug_row> build_rows(const debug_sources& from);
std::vector<debug_row> actor_rows(const debug_sources& from);
/// {"rows":[…]}
std::string rows_json(const std::vector<debug_row>& rows);
std::string series_json(const time_series::snapshot& series);
/// What was resolved ahead of time, and how each registry fares.
std::string resolver_json(const debug_sources& from);
std::string storage_json(const debug_sources& from);
/// The digests that the resolver keeps.
std::string cache_json(const cached_digests& cache);
std::string build_json(const build_description& build);
std::string page_json(const build_page& page);

/// What is drawn as sparklines: the sampler's one measurement. `rates` is its own memory of the last one.
sample_values measure(const debug_sources& from, std::map<std::string, rate_of>& rates, int64_t now_ms);

} // namespace ib
