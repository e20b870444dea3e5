#include "actors/engine/local.hpp"

#include "actors/engine/local_run.hpp"
#include "actors/engine/tool_probe.hpp"
#include "actors/observe.hpp"
#include "actors/unanswered.hpp"

#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <algorithm>
#include <utility>

namespace ib {

namespace {

/// Between two looks for the result of a probe that a former incarnation began.
constexpr std::chrono::milliseconds probe_pause{100};
/// Between two tries of tools that do not work.
constexpr std::chrono::minutes failed_probe_pause{1};

io::task<result<build_tools>> try_tools(const local_context& context) {
  try {
    auto probing = probe_tools(context);
    auto found = co_await probing;
    co_return found;
  } catch (...) {
    co_return error{error_code::internal, what_of(std::current_exception()), "", {}};
  }
}

/// `until_done` tells with its last copy that nobody probes any more.
io::task<result<void>> find_tools(std::shared_ptr<local_context> context,
                                  std::shared_ptr<local_runs> until_done, local_engine_impl engine) {
  auto trying = try_tools(*context);
  auto tools = co_await trying;
  if (tools)
    context->health->ready(health_names::build_tools);
  else
    context->health->not_ready(health_names::build_tools,
                               "cannot build from Dockerfiles on this machine: " + tools.error().message);
  until_done->tools = std::make_shared<const result<build_tools>>(std::move(tools));
  caf::anon_send(engine, look_at_tools{});
  co_return result<void>();
}

} // namespace

local_engine_work::~local_engine_work() {
  for (auto& start : waiting_)
    leave_unanswered(start.answer);
}

void local_engine_work::begin(std::shared_ptr<local_context> context, std::shared_ptr<local_runs> runs) {
  context_ = std::move(context);
  runs_ = std::move(runs);
  // One that ended meanwhile still yields its down message.
  for (const auto& [id, run] : runs_->runs)
    self_->monitor(run.actor);
  probe();
  look_at_the_tools();
}

/// One at a time, for all incarnations, until the tools work.
void local_engine_work::probe() {
  auto known = runs_->tools.load();
  if ((known && *known) || runs_->probing.exchange(true)) return;
  std::shared_ptr<local_runs> until_done(runs_.get(),
                                         [runs = runs_](local_runs* all) { all->probing = false; });
  context_->threads.start(find_tools(context_, std::move(until_done), local_engine_impl(self_)));
}

namespace {

/// One that is no boundary is told loudly, and why the other is not taken.
void tell_isolation(const build_tools& tools) {
  auto log = log_of("house/engine");
  auto words = "build isolation: " + tools.explanation;
  if (tools.isolation == "oci")
    log.info(words);
  else if (tools.passed_over.empty())
    log.warning(words);
  else
    log.warning(words, {{"oci_does_not_work", tools.passed_over}});
}

} // namespace

void local_engine_work::look_at_the_tools() {
  auto found = runs_->tools.load();
  if (!found) return self_->delayed_send(self_, probe_pause, look_at_tools{});
  if (auto before = std::exchange(found_, found); before != found) take_result(before.get());
  for (auto& start : std::exchange(waiting_, {}))
    start.answer.deliver(launch(start.order));
}

void local_engine_work::take_result(const result<build_tools>* before) {
  if (*found_) {
    tools_ = std::make_shared<const build_tools>(**found_);
    return tell_isolation(*tools_);
  }
  const auto& why = found_->error().message;
  if (before == nullptr || before->error().message != why)
    log_of("house/engine").error("cannot build from Dockerfiles on this machine: " + why);
  if (!std::exchange(will_try_again_, true))
    self_->delayed_send(self_, failed_probe_pause, ib::try_tools_again{});
}

/// The result may have gone to a former incarnation.
void local_engine_work::try_tools_again() {
  look_at_the_tools();
  will_try_again_ = tools_ == nullptr;
  if (!will_try_again_) return;
  probe();
  self_->delayed_send(self_, failed_probe_pause, ib::try_tools_again{});
}

caf::typed_response_promise<run_handle> local_engine_work::start(const start_run& order) {
  auto answer = self_->make_response_promise<run_handle>();
  if (found_)
    answer.deliver(launch(order));
  else
    waiting_.push_back({order, answer});
  return answer;
}

run_handle local_engine_work::launch(const start_run& order) {
  const auto& id = order.plan->build_id;
  if (auto old = runs_->runs.find(id); old != runs_->runs.end()) {
    if (old->second.attempt == order.attempt)
      return {caf::actor_cast<caf::strong_actor_ptr>(old->second.actor)};
    // Nobody will come for it any more: that ends its work, too.
    self_->send(old->second.actor, release_run{});
  }
  std::erase_if(runs_->ends, [](const auto& end) { return end.second->is_reached(); });
  auto end = std::make_shared<run_end>();
  auto before = std::exchange(runs_->ends[order.plan->workspace_ref], end);
  run_actor run = self_->spawn<caf::monitored>(local_run, context_, tools_, order.plan, order.attempt,
                                               run_ends{std::move(before), std::move(end)});
  runs_->runs[id] = {run, order.attempt};
  return {caf::actor_cast<caf::strong_actor_ptr>(run)};
}

std::vector<local_engine_work::waiting_start>::iterator
local_engine_work::find_waiting(const std::string& build_id) {
  return std::find_if(waiting_.begin(), waiting_.end(),
                      [&](const auto& start) { return start.order.plan->build_id == build_id; });
}

caf::typed_response_promise<run_handle> local_engine_work::attach(const attach_run& wish) {
  auto answer = self_->make_response_promise<run_handle>();
  auto found = runs_->runs.find(wish.build_id);
  auto waits = find_waiting(wish.build_id);
  if (found != runs_->runs.end() && found->second.attempt == wish.attempt)
    answer.deliver(run_handle{caf::actor_cast<caf::strong_actor_ptr>(found->second.actor)});
  else if (waits != waiting_.end() && waits->order.attempt == wish.attempt)
    waiting_.push_back({start_run(waits->order), answer});
  else
    answer.deliver(
        run_handle{error{error_code::not_found, "build " + wish.build_id + " has no run", "", {}}});
  return answer;
}

void local_engine_work::stop(const stop_run& wish) {
  for (auto waits = find_waiting(wish.build_id); waits != waiting_.end();
       waits = find_waiting(wish.build_id)) {
    waits->answer.deliver(run_handle{error{error_code::cancelled, "stopped before it began", "", {}}});
    waiting_.erase(waits);
  }
  if (auto found = runs_->runs.find(wish.build_id); found != runs_->runs.end())
    self_->send(found->second.actor, wish);
}

void local_engine_work::run_is_down(const caf::actor_addr& who) {
  std::erase_if(runs_->runs, [&](const auto& run) { return run.second.actor.address() == who; });
}

local_engine_impl::behavior_type local_engine(local_engine_impl::stateful_pointer<local_engine_state> self,
                                              std::shared_ptr<local_context> context,
                                              std::shared_ptr<local_runs> runs) {
  auto* work = &self->state.work;
  auto seen = enter_board(self, "local_engine", "house/engine");
  self->set_down_handler([work](caf::down_msg& down) { work->run_is_down(down.source); });
  self->set_exit_handler([self, work](caf::exit_msg& exit) {
    if (exit.reason == caf::exit_reason::user_shutdown) work->close();
    self->quit(exit.reason);
  });
  work->begin(std::move(context), std::move(runs));
  return seen.observe([work](const start_run& order) { return work->start(order); },
                      [work](const attach_run& wish) { return work->attach(wish); },
                      [work](const stop_run& wish) { work->stop(wish); },
                      [work](const look_at_tools&) { work->look_at_the_tools(); },
                      [work](const try_tools_again&) { work->try_tools_again(); });
}

} // namespace ib
