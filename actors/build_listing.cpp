#include "actors/build_listing.hpp"

#include <utility>

namespace ib {

build_description describe(const build_channel& channel) {
  const auto& identity = channel.identity();
  build_description build;
  auto& summary = build.summary;
  summary.build_id = identity.build_id;
  summary.workspace_ref = identity.workspace_ref;
  summary.base_ref = identity.base_ref;
  summary.triggered_by = identity.triggered_by;
  summary.source = identity.source_words;
  summary.created_ms = identity.created_ms;
  const status_update* newest = nullptr;
  for (auto cursor = channel.from_start(); auto* update = cursor.next(); newest = update)
    if (update->is_step) build.steps.push_back(*update);
  if (newest != nullptr) build.latest = *newest;
  summary.log_begin = channel.log().begin_offset();
  summary.log_end = channel.log().end_offset();
  if (!build.latest) return build;
  const auto& latest = *build.latest;
  summary.machine.state = latest.state;
  summary.machine.attempt = latest.attempt;
  summary.machine.failure = latest.failure;
  if (latest.status == build_status::failure) summary.machine.end_message = latest.message;
  if (latest.status != build_status::running) summary.ended_ms = latest.at_ms;
  if (auto runs = attempts_of(build.steps); !runs.empty()) summary.started_ms = runs.front().began_ms;
  return build;
}

std::vector<attempt_span> attempts_of(const std::vector<status_update>& steps) {
  std::vector<attempt_span> runs;
  for (const auto& step : steps) {
    bool is_next = step.attempt > (runs.empty() ? 0 : runs.back().number);
    bool is_end = step.status != build_status::running;
    if (!runs.empty() && (is_next || is_end) && runs.back().ended_ms == 0) {
      runs.back().ended_ms = step.at_ms;
      runs.back().end_message = step.message;
    }
    if (is_next) runs.push_back({step.attempt, step.at_ms, 0, {}});
  }
  return runs;
}

} // namespace ib
