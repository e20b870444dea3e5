#include "gateway/debug/view.hpp"

#include <nlohmann/json.hpp>

namespace ib {

namespace {

using nlohmann::ordered_json;

std::string dump(const ordered_json& value) {
  return value.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

ordered_json failure_json(const rare<build_failure>& failure) {
  if (!failure) return nullptr;
  return {{"fault", to_string(failure->fault)},
          {"line", failure->where.line},
          {"command", failure->where.command},
          {"last_lines", failure->where.last_lines}};
}

ordered_json summary_json(const build_summary& build) {
  const auto& machine = build.machine;
  return {{"id", build.build_id},
          {"ref", build.workspace_ref},
          {"base_ref", build.base_ref},
          {"triggered_by", build.triggered_by},
          {"source", build.source},
          {"created_ms", build.created_ms},
          {"ended_ms", build.ended_ms},
          {"state", to_string(machine.state)},
          {"attempt", machine.attempt},
          {"retries", machine.retries},
          {"losses", machine.losses},
          {"message", machine.end_message},
          {"failure", failure_json(machine.failure)},
          {"log_begin", build.log_begin},
          {"log_bytes", build.log_end}};
}

} // namespace

std::string build_json(const build_description& build) {
  auto out = summary_json(build.summary);
  auto& steps = out["steps"] = ordered_json::array();
  for (const auto& step : build.steps)
    steps.push_back({{"state", to_string(step.state)},
                     {"attempt", step.attempt},
                     {"at_ms", step.at_ms},
                     {"message", step.message}});
  return dump(out);
}

std::string page_json(const build_page& page) {
  auto rows = ordered_json::array();
  for (const auto& build : page.builds)
    rows.push_back(summary_json(build));
  ordered_json out{{"rows", std::move(rows)}};
  // What the next page is asked for with.
  if (page.next) out["next"] = std::to_string(page.next->created_ms) + "-" + page.next->build_id;
  return dump(out);
}

} // namespace ib
