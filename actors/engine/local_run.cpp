#include "actors/engine/local_run.hpp"

#include "actors/engine/layer_store.hpp"
#include "actors/engine/pipeline.hpp"
#include "actors/names.hpp"
#include "actors/observe.hpp"

#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <utility>

namespace ib {

namespace {

/// How long a run that has ended waits for its build to come for it.
constexpr std::chrono::minutes abandon_after{10};
/// How long a run waits for the journal to keep what a one-time URL answered, and between two tries.
constexpr std::chrono::seconds answer_patience{15};
constexpr std::chrono::milliseconds answer_pause{200};
constexpr int answer_tries = 50;

void prune(const local_context& context, const build_tools& tools) {
  try {
    prune_layers(context, tools);
  } catch (...) {
    io::log_error("cannot prune the layer cache: " + what_of(std::current_exception()));
  }
}

/// The worker thread: runs the pipeline and tells the actor. An exception is the run's failure, not the
/// process's.
void work(std::shared_ptr<local_context> context, std::shared_ptr<const build_tools> tools,
          std::shared_ptr<const build_plan> plan, int attempt, std::shared_ptr<run_control> control,
          const run_ends& ends, local_run_impl run) {
  // It was told to stop, and has a bounded time for it.
  if (ends.before) ends.before->wait();
  std::stop_callback with_the_process(context->shutdown.get_token(), [control] { control->end(); });
  pipeline_events events;
  events.output = [&](std::string_view bytes) {
    if (bytes.empty()) return;
    control->gate.enter(bytes.size());
    caf::anon_send(run, worker_output{std::make_shared<const std::string>(bytes)});
  };
  events.phase = [&](build_state phase, std::string message) {
    caf::anon_send(run, worker_phase{phase, std::move(message)});
  };
  events.answer = [&](const std::string& url, const std::string& answer) {
    auto kept = std::make_shared<std::promise<void>>();
    auto future = kept->get_future();
    caf::anon_send(run, worker_answer{url, answer, std::move(kept), answer_tries});
    future.wait_for(answer_patience); // lost with the run's actor, it is over at once
  };
  build_event how;
  try {
    how = pipeline(*context, tools.get(), plan, attempt, events, control->stop.get_token()).run();
  } catch (...) {
    how = run_failed{fault_class::infrastructure,
                     "the run failed inside the service: " + what_of(std::current_exception())};
  }
  ends.own->reach();
  caf::anon_send(run, worker_ended{std::move(how)});
  // The build has been told its end and waits for nothing of this.
  if (tools && std::holds_alternative<dockerfile_source>(plan->source)) prune(*context, *tools);
}

} // namespace

local_run_work::~local_run_work() {
  if (control_) stop();
}

void local_run_work::begin(std::shared_ptr<local_context> context, std::shared_ptr<const build_tools> tools,
                           std::shared_ptr<const build_plan> plan, int attempt, run_ends ends) {
  build_id_ = plan->build_id;
  trace_ = plan->trace;
  attempt_ = attempt;
  control_ = std::make_shared<run_control>();
  // Also where no thread can be had.
  std::shared_ptr<run_end> surely(ends.own.get(), [own = ends.own](run_end* end) { end->reach(); });
  context->workers.start(
      [context, tools = std::move(tools), plan = std::move(plan), attempt, control = control_,
       ends = std::move(ends), surely = std::move(surely),
       run = local_run_impl(self_)] { work(context, tools, plan, attempt, control, ends, run); });
}

void local_run_work::subscribe(const subscribe_run& wish) {
  listener_ = caf::actor_cast<build_actor>(wish.listener);
  acknowledge(wish.raw_offset);
  if (phase_) {
    auto again = *phase_;
    again.replayed = true;
    self_->send(listener_, std::move(again));
  }
  for (const auto& piece : backlog_.pieces())
    send_piece(piece);
  if (end_) self_->send(listener_, *end_);
}

void local_run_work::send_piece(const run_backlog::piece& what) {
  if (listener_) self_->send(listener_, run_output{attempt_, what.offset, what.bytes});
}

void local_run_work::acknowledge(uint64_t raw_offset) {
  if (auto let_go = backlog_.acknowledge(raw_offset); let_go > 0) control_->gate.leave(let_go);
}

void local_run_work::stop() { control_->end(); }

void local_run_work::take_output(const worker_output& output) { send_piece(backlog_.add(output.bytes)); }

void local_run_work::take_phase(const worker_phase& phase) {
  phase_ = run_phase{attempt_, phase.phase, phase.message, false};
  if (listener_) self_->send(listener_, *phase_);
}

void local_run_work::take_end(const worker_ended& end) {
  end_ = run_ended{attempt_, end.how};
  if (listener_) self_->send(listener_, *end_);
  self_->delayed_send(self_, abandon_after, abandon_run{});
}

/// The URL answers once: a build that is started anew after a crash of the service finds the answer in the
/// journal, or fails.
void local_run_work::keep_answer(const worker_answer& what) {
  auto again = [this, what] {
    if (what.tries == 0)
      log_of("house/engine/" + build_id_, build_id_, trace_)
          .warning("the journal does not keep a one-time credential");
    else
      self_->delayed_send(self_, answer_pause,
                          worker_answer{what.url, what.answer, what.kept, what.tries - 1});
  };
  auto journal = find_actor<journal_actor>(self_->system(), names::journal);
  if (!journal) return again();
  self_->request(journal, ask_timeout, journal_note_answer{build_id_, what.url, what.answer})
      .then(
          [again, what](const journal_kept& kept) {
            if (!kept.outcome) return again();
            what.kept->set_value();
          },
          [again](const caf::error&) { again(); });
}

local_run_impl::behavior_type local_run(local_run_impl::stateful_pointer<local_run_state> self,
                                        std::shared_ptr<local_context> context,
                                        std::shared_ptr<const build_tools> tools,
                                        std::shared_ptr<const build_plan> plan, int attempt, run_ends ends) {
  auto* work = &self->state.work;
  const auto path = "house/engine/" + plan->build_id;
  auto seen = enter_board(self, "local_run", path, log_of(path, plan->build_id, plan->trace));
  work->begin(std::move(context), std::move(tools), std::move(plan), attempt, std::move(ends));
  return seen.observe([work](const subscribe_run& wish) { work->subscribe(wish); },
                      [work](const acknowledge_output& m) { work->acknowledge(m.raw_offset); },
                      [work](const stop_run&) { work->stop(); }, [self](const release_run&) { self->quit(); },
                      [work](const worker_output& output) { work->take_output(output); },
                      [work](const worker_phase& phase) { work->take_phase(phase); },
                      [work](const worker_answer& what) { work->keep_answer(what); },
                      [work](const worker_ended& end) { work->take_end(end); },
                      [self](const abandon_run&) { self->quit(); });
}

} // namespace ib
