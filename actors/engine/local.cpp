#include "actors/engine/local.hpp"

#include "actors/engine/local_run.hpp"
#include "actors/engine/tool_probe.hpp"
#include "actors/observe.hpp"

#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <algorithm>
#include <utility>

namespace ib {

/// Runs never outlive their engine: builds see them as lost and start anew.
local_engine_work::~local_engine_work() {
  for (const auto& [id, run] : runs_)
    caf::anon_send_exit(run.actor, caf::exit_reason::user_shutdown);
}

void local_engine_work::begin(std::shared_ptr<local_context> context) {
  context_ = std::move(context);
  context_->workers.start([context = context_, engine = local_engine_impl(self_)] {
    auto tools = probe_tools(*context);
    if (tools)
      context->health->ready(health_names::build_tools);
    else
      context->health->not_ready(health_names::build_tools,
                                 "cannot build from Dockerfiles on this machine: " + tools.error().message);
    caf::anon_send(engine, tools_probed{std::move(tools)});
  });
}

void local_engine_work::probed(const tools_probed& answer) {
  probe_done_ = true;
  if (answer.tools) {
    tools_ = std::make_shared<const build_tools>(*answer.tools);
    log_of("house/engine").info("build isolation: " + tools_->explanation);
  } else {
    log_of("house/engine")
        .error("cannot build from Dockerfiles on this machine: " + answer.tools.error().message);
  }
  for (auto& start : std::exchange(waiting_, {}))
    start.answer.deliver(launch(start.order));
}

caf::typed_response_promise<run_handle> local_engine_work::start(const start_run& order) {
  auto answer = self_->make_response_promise<run_handle>();
  if (probe_done_)
    answer.deliver(launch(order));
  else
    waiting_.push_back({order, answer});
  return answer;
}

run_handle local_engine_work::launch(const start_run& order) {
  const auto& id = order.plan->build_id;
  if (auto old = runs_.find(id); old != runs_.end()) self_->send(old->second.actor, stop_run{id});
  run_actor run = self_->spawn<caf::monitored>(local_run, context_, tools_, order.plan, order.attempt);
  runs_[id] = {run, order.attempt};
  return {caf::actor_cast<caf::strong_actor_ptr>(run)};
}

run_handle local_engine_work::attach(const attach_run& wish) const {
  auto found = runs_.find(wish.build_id);
  if (found == runs_.end() || found->second.attempt != wish.attempt)
    return {error{error_code::not_found, "build " + wish.build_id + " has no run", "", {}}};
  return {caf::actor_cast<caf::strong_actor_ptr>(found->second.actor)};
}

void local_engine_work::stop(const stop_run& wish) {
  auto waits = std::find_if(waiting_.begin(), waiting_.end(),
                            [&](const auto& start) { return start.order.plan->build_id == wish.build_id; });
  if (waits != waiting_.end()) {
    waits->answer.deliver(run_handle{error{error_code::cancelled, "stopped before it began", "", {}}});
    waiting_.erase(waits);
  }
  if (auto found = runs_.find(wish.build_id); found != runs_.end()) self_->send(found->second.actor, wish);
}

void local_engine_work::run_is_down(const caf::actor_addr& who) {
  std::erase_if(runs_, [&](const auto& run) { return run.second.actor.address() == who; });
}

local_engine_impl::behavior_type local_engine(local_engine_impl::stateful_pointer<local_engine_state> self,
                                              std::shared_ptr<local_context> context) {
  auto* work = &self->state.work;
  auto seen = enter_board(self, "local_engine", "house/engine");
  self->set_down_handler([work](caf::down_msg& down) { work->run_is_down(down.source); });
  work->begin(std::move(context));
  return seen.observe([work](const start_run& order) { return work->start(order); },
                      [work](const attach_run& wish) { return work->attach(wish); },
                      [work](const stop_run& wish) { work->stop(wish); },
                      [work](const tools_probed& answer) { work->probed(answer); });
}

} // namespace ib
