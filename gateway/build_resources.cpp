#include "gateway/build_resources.hpp"

#include "actors/domain/utf8.hpp"

namespace ib {

namespace v1 = imagebuilder::v1;

namespace {

void set_time(int64_t unix_ms, google::protobuf::Timestamp& time) {
  time.set_seconds(unix_ms / 1000);
  time.set_nanos(static_cast<int32_t>(unix_ms % 1000 * 1'000'000));
}

v1::Failure::Fault to_wire(fault_class fault) {
  switch (fault) {
  case fault_class::user:
    return v1::Failure::USER;
  case fault_class::infrastructure:
    return v1::Failure::INFRASTRUCTURE;
  }
  return v1::Failure::FAULT_UNSPECIFIED;
}

void to_wire(std::string_view message, const build_failure* failure, v1::Failure& to) {
  to.set_message(as_utf8(message));
  if (failure == nullptr) return;
  to.set_fault(to_wire(failure->fault));
  to.set_dockerfile_line(failure->where.line);
  to.set_command(as_utf8(failure->where.command));
  for (const auto& line : failure->where.last_lines)
    to.add_last_lines(as_utf8(line));
}

void to_wire(const queue_place& place, v1::QueuePlace& to) {
  to.set_builds_ahead(static_cast<int32_t>(place.builds_ahead));
  if (!place.estimate_ms) return;
  to.mutable_estimated_wait()->set_seconds(*place.estimate_ms / 1000);
  to.mutable_estimated_wait()->set_nanos(static_cast<int32_t>(*place.estimate_ms % 1000 * 1'000'000));
}

void to_wire(const attempt_span& run, const build_view& build, v1::Attempt& to) {
  to.set_number(run.number);
  set_time(run.began_ms, *to.mutable_start_time());
  if (run.ended_ms == 0) return;
  set_time(run.ended_ms, *to.mutable_end_time());
  bool has_succeeded = build.state == build_state::succeeded && run.number == build.attempt;
  if (!has_succeeded) to.set_end_message(as_utf8(run.end_message));
}

} // namespace

v1::Build::State to_wire(build_state state) {
  switch (state) {
  case build_state::queued:
    return v1::Build::QUEUED;
  case build_state::preparing:
    return v1::Build::PREPARING;
  case build_state::building:
    return v1::Build::BUILDING;
  case build_state::pushing:
    return v1::Build::PUSHING;
  case build_state::publishing:
    return v1::Build::PUBLISHING;
  case build_state::verifying:
    return v1::Build::VERIFYING;
  case build_state::stopping:
    return v1::Build::STOPPING;
  case build_state::succeeded:
    return v1::Build::SUCCEEDED;
  case build_state::failed:
    return v1::Build::FAILED;
  }
  return v1::Build::STATE_UNSPECIFIED;
}

std::optional<build_state> to_state(int state) {
  for (auto known : {build_state::queued, build_state::preparing, build_state::building, build_state::pushing,
                     build_state::publishing, build_state::verifying, build_state::stopping,
                     build_state::succeeded, build_state::failed})
    if (to_wire(known) == state) return known;
  return std::nullopt;
}

void to_wire(const status_update& update, v1::Step& to) {
  set_time(update.at_ms, *to.mutable_time());
  to.set_state(to_wire(update.state));
  to.set_attempt(update.attempt);
  to.set_message(as_utf8(update.message));
  to.set_notice(!update.is_step);
  if (update.place) to_wire(*update.place, *to.mutable_queue_place());
  if (update.status == build_status::failure)
    to_wire(update.message, update.failure ? &*update.failure : nullptr, *to.mutable_failure());
}

void to_wire(const build_view& build, v1::Build& to) {
  to.set_build_id(std::string(build.build_id));
  to.set_workspace_ref(std::string(build.workspace_ref));
  to.set_base_ref(std::string(build.base_ref));
  to.set_state(to_wire(build.state));
  to.set_triggered_by(std::string(build.triggered_by));
  to.set_source(as_utf8(build.source));
  set_time(build.created_ms, *to.mutable_create_time());
  if (build.started_ms != 0) set_time(build.started_ms, *to.mutable_start_time());
  if (build.ended_ms != 0) set_time(build.ended_ms, *to.mutable_end_time());
  to.set_attempt_count(build.attempt);
  to.mutable_log()->set_begin_offset(static_cast<int64_t>(build.log_begin));
  to.mutable_log()->set_end_offset(static_cast<int64_t>(build.log_end));
  if (build.state == build_state::failed) {
    to_wire(build.end_message, build.failure, *to.mutable_failure());
    to.set_message(to.failure().message());
  }
  for (const auto& run : attempts_of(build.steps))
    to_wire(run, build, *to.add_attempts());
  for (const auto* step : build.steps)
    to_wire(*step, *to.add_steps());
  if (build.latest != nullptr) add_latest(*build.latest, to);
}

void add_latest(const status_update& latest, v1::Build& build) {
  if (is_terminal(*to_state(build.state()))) return;
  build.set_message(as_utf8(latest.message));
  if (latest.place && build.state() == v1::Build::QUEUED)
    to_wire(*latest.place, *build.mutable_queue_place());
}

} // namespace ib
