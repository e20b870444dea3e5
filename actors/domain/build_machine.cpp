#include "actors/domain/build_machine.hpp"

#include <utility>

namespace ib {

namespace {

machine_step stay(const machine_state& current) { return {current, {}}; }

machine_step fail(machine_state next, std::string message) {
  next.state = build_state::failed;
  next.end_message = message;
  return {std::move(next), {finish_effect{false, std::move(message)}}};
}

machine_step begin_run(machine_state next, std::vector<build_effect> effects) {
  next.state = build_state::preparing;
  next.attempt += 1;
  next.begun = false;
  effects.emplace_back(start_run_effect{next.attempt});
  return {std::move(next), std::move(effects)};
}

machine_step stop(machine_state next, std::string end_message, std::string announcement) {
  next.state = build_state::stopping;
  next.end_message = std::move(end_message);
  return {std::move(next), {announce_effect{std::move(announcement)}, stop_run_effect{}}};
}

machine_step fail_of(machine_state next, const run_failed& why) {
  next.failure = build_failure{why.fault, why.where};
  return fail(std::move(next), why.message);
}

machine_step infrastructure_failure(machine_state next, const run_failed& why) {
  if (why.final || next.retries >= max_retries) return fail_of(std::move(next), why);
  next.retries += 1;
  return begin_run(std::move(next), {announce_effect{why.message + "; trying once more"}});
}

machine_step loss(machine_state next) {
  auto what = std::string("the build's run was lost while ") + to_string(next.state);
  if (next.losses >= max_losses)
    return fail_of(std::move(next),
                   {fault_class::infrastructure, what + ", as " + std::to_string(max_losses) + " before it"});
  next.losses += 1;
  return begin_run(std::move(next), {announce_effect{what + "; building anew"}});
}

machine_step interruption(const machine_state& current) {
  return begin_run(current, {announce_effect{std::string("the service was restarted while ") +
                                             to_string(current.state) + "; building anew"}});
}

error no_meaning(const machine_state& current, const build_event& event) {
  return {error_code::failed_precondition,
          std::string(name_of(event)) + " has no meaning for a build that is " + to_string(current.state),
          "",
          {}};
}

/// Events of a build that waits for a slot.
struct in_queued {
  const machine_state& current;
  const build_event& event;

  result<machine_step> operator()(const slot_granted&) const {
    return begin_run(current, {announce_effect{"starting"}});
  }
  result<machine_step> operator()(const cancel_requested& e) const {
    return fail(current, "build cancelled: " + e.reason);
  }
  result<machine_step> operator()(const gave_up& e) const { return fail(current, e.cause); }
  result<machine_step> operator()(const phase_changed&) const { return no_meaning(current, event); }
  result<machine_step> operator()(const run_succeeded&) const { return no_meaning(current, event); }
  result<machine_step> operator()(const run_failed&) const { return no_meaning(current, event); }
  result<machine_step> operator()(const run_lost&) const { return no_meaning(current, event); }
  result<machine_step> operator()(const run_interrupted&) const { return no_meaning(current, event); }
  result<machine_step> operator()(const time_limit_reached&) const { return no_meaning(current, event); }
};

/// Events of a build whose run is under way, preparing to verifying.
struct in_run {
  const machine_state& current;
  const build_event& event;

  result<machine_step> operator()(const slot_granted&) const { return no_meaning(current, event); }
  result<machine_step> operator()(const phase_changed& e) const {
    if (!has_run(e.phase) || e.phase < current.state) return no_meaning(current, event);
    auto next = current;
    next.state = e.phase;
    next.begun = next.begun || e.begun;
    return machine_step{std::move(next), {announce_effect{e.message}}};
  }
  result<machine_step> operator()(const run_succeeded&) const {
    // Success is only ever told after the image was looked up and found.
    if (current.state != build_state::verifying)
      return fail(current, "image build did not produce a workspace image");
    auto next = current;
    next.state = build_state::succeeded;
    return machine_step{std::move(next), {finish_effect{true, ""}}};
  }
  result<machine_step> operator()(const run_failed& e) const {
    switch (e.fault) {
    case fault_class::user:
      return fail_of(current, e);
    case fault_class::infrastructure:
      return infrastructure_failure(current, e);
    }
    return no_meaning(current, event);
  }
  result<machine_step> operator()(const run_lost&) const { return loss(current); }
  result<machine_step> operator()(const run_interrupted&) const { return interruption(current); }
  result<machine_step> operator()(const cancel_requested& e) const {
    return stop(current, "build cancelled: " + e.reason, "stopping: " + e.reason);
  }
  result<machine_step> operator()(const time_limit_reached& e) const {
    auto message = "build exceeded its time limit of " + e.limit + " while " + to_string(current.state);
    return stop(current, message, "stopping: time limit of " + e.limit + " reached");
  }
  result<machine_step> operator()(const gave_up& e) const {
    auto next = current;
    next.state = build_state::failed;
    next.end_message = e.cause;
    return machine_step{std::move(next), {stop_run_effect{}, finish_effect{false, e.cause}}};
  }
};

/// Events of a build that waits for its stopped run to end: whatever its end, the reason to stop decides.
struct in_stopping {
  const machine_state& current;
  const build_event& event;

  result<machine_step> operator()(const run_succeeded&) const { return fail(current, current.end_message); }
  result<machine_step> operator()(const run_failed&) const { return fail(current, current.end_message); }
  result<machine_step> operator()(const run_lost&) const { return fail(current, current.end_message); }
  result<machine_step> operator()(const run_interrupted&) const { return fail(current, current.end_message); }
  result<machine_step> operator()(const gave_up&) const { return fail(current, current.end_message); }
  result<machine_step> operator()(const phase_changed&) const { return stay(current); }
  result<machine_step> operator()(const cancel_requested&) const { return stay(current); }
  result<machine_step> operator()(const time_limit_reached&) const { return stay(current); }
  result<machine_step> operator()(const slot_granted&) const { return no_meaning(current, event); }
};

} // namespace

result<machine_step> transition(const machine_state& current, const build_event& event) {
  switch (current.state) {
  case build_state::queued:
    return std::visit(in_queued{current, event}, event);
  case build_state::preparing:
  case build_state::building:
  case build_state::pushing:
  case build_state::publishing:
  case build_state::verifying:
    return std::visit(in_run{current, event}, event);
  case build_state::stopping:
    return std::visit(in_stopping{current, event}, event);
  case build_state::succeeded:
  case build_state::failed:
    return no_meaning(current, event);
  }
  return no_meaning(current, event);
}

bool is_terminal(build_state state) {
  return state == build_state::succeeded || state == build_state::failed;
}

bool has_run(build_state state) { return state >= build_state::preparing && state <= build_state::verifying; }

const char* to_string(build_state state) {
  switch (state) {
  case build_state::queued:
    return "queued";
  case build_state::preparing:
    return "preparing";
  case build_state::building:
    return "building";
  case build_state::pushing:
    return "pushing";
  case build_state::publishing:
    return "publishing";
  case build_state::verifying:
    return "verifying";
  case build_state::stopping:
    return "stopping";
  case build_state::succeeded:
    return "succeeded";
  case build_state::failed:
    return "failed";
  }
  return "unknown";
}

const char* to_string(fault_class fault) {
  switch (fault) {
  case fault_class::user:
    return "user";
  case fault_class::infrastructure:
    return "infrastructure";
  }
  return "unknown";
}

const char* name_of(const build_event& event) {
  struct namer {
    const char* operator()(const slot_granted&) const { return "slot_granted"; }
    const char* operator()(const phase_changed&) const { return "phase_changed"; }
    const char* operator()(const run_succeeded&) const { return "run_succeeded"; }
    const char* operator()(const run_failed&) const { return "run_failed"; }
    const char* operator()(const run_lost&) const { return "run_lost"; }
    const char* operator()(const run_interrupted&) const { return "run_interrupted"; }
    const char* operator()(const cancel_requested&) const { return "cancel_requested"; }
    const char* operator()(const time_limit_reached&) const { return "time_limit_reached"; }
    const char* operator()(const gave_up&) const { return "gave_up"; }
  };
  return std::visit(namer{}, event);
}

} // namespace ib
