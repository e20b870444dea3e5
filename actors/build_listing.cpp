#include "actors/build_listing.hpp"

namespace ib {

build_view view_of(const build_summary& summary) {
  build_view view;
  view.build_id = summary.build_id;
  view.workspace_ref = summary.workspace_ref;
  view.base_ref = summary.base_ref;
  view.triggered_by = summary.triggered_by;
  view.source = summary.source;
  view.created_ms = summary.created_ms;
  view.started_ms = summary.started_ms;
  view.ended_ms = summary.ended_ms;
  view.state = summary.machine.state;
  view.attempt = summary.machine.attempt;
  view.end_message = summary.machine.end_message;
  if (summary.machine.failure) view.failure = &*summary.machine.failure;
  view.log_begin = summary.log_begin;
  view.log_end = summary.log_end;
  return view;
}

build_view view_of(const build_description& build) {
  auto view = view_of(build.summary);
  for (const auto& step : build.steps)
    view.steps.push_back(&step);
  if (build.latest) view.latest = &*build.latest;
  return view;
}

build_view view_of(const build_channel& channel) {
  const auto& identity = channel.identity();
  build_view view;
  view.build_id = identity.build_id;
  view.workspace_ref = identity.workspace_ref;
  view.base_ref = identity.base_ref;
  view.triggered_by = identity.triggered_by;
  view.source = identity.source_words;
  view.created_ms = identity.created_ms;
  auto cursor = channel.from_start();
  while (const auto* update = cursor.next()) {
    if (update->is_step) view.steps.push_back(update);
    view.latest = update;
  }
  view.log_begin = channel.log().begin_offset();
  view.log_end = channel.log().end_offset();
  if (view.latest == nullptr) return view;
  const auto& latest = *view.latest;
  view.state = latest.state;
  view.attempt = latest.attempt;
  if (latest.failure) view.failure = &*latest.failure;
  if (latest.status == build_status::failure) view.end_message = latest.message;
  if (latest.status != build_status::running) view.ended_ms = latest.at_ms;
  if (auto runs = attempts_of(view.steps); !runs.empty()) view.started_ms = runs.front().began_ms;
  return view;
}

std::vector<attempt_span> attempts_of(const std::vector<const status_update*>& steps) {
  std::vector<attempt_span> runs;
  for (const auto* step : steps) {
    bool is_next = step->attempt > (runs.empty() ? 0 : runs.back().number);
    bool is_end = step->status != build_status::running;
    if (!runs.empty() && (is_next || is_end) && runs.back().ended_ms == 0) {
      runs.back().ended_ms = step->at_ms;
      runs.back().end_message = step->message;
    }
    if (is_next) runs.push_back({step->attempt, step->at_ms, 0, {}});
  }
  return runs;
}

} // namespace ib
