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

/// Gives what a one-time URL answered to the journal, by way of the run's actor; lost with that actor, it is
/// over at once.
io::task<result<void>> keep_answer_of(std::shared_ptr<local_context> context, local_run_impl run,
                                      std::string url, std::string answer) {
  std::stop_source over;
  auto waiting = std::shared_ptr<const void>(nullptr, [over](const void*) mutable { over.request_stop(); });
  caf::anon_send(run, worker_answer{std::move(url), std::move(answer), std::move(waiting), answer_tries});
  auto patience = context->threads.sleep(answer_patience, over.get_token());
  co_await patience;
  co_return result<void>();
}

/// What the work of a run needs.
struct run_work {
  std::shared_ptr<local_context> context;
  std::shared_ptr<const build_tools> tools;
  std::shared_ptr<const build_plan> plan;
  int attempt = 1;
  std::shared_ptr<run_control> control;
  run_ends ends;
  std::shared_ptr<run_end> surely; ///< the end is reached with its last copy, whatever becomes of the work
  local_run_impl run;
};

pipeline_events events_of(const run_work& all) {
  pipeline_events events;
  events.output = [control = all.control, run = all.run](std::string_view bytes) {
    if (bytes.empty()) return;
    control->gate.enter(bytes.size());
    caf::anon_send(run, worker_output{std::make_shared<const std::string>(bytes)});
  };
  events.gate = &all.control->gate;
  events.phase = [run = all.run](build_state phase, std::string message) {
    caf::anon_send(run, worker_phase{phase, std::move(message)});
  };
  events.answer = [context = all.context, run = all.run](std::string url, std::string answer) {
    return keep_answer_of(context, run, std::move(url), std::move(answer));
  };
  return events;
}

/// An exception is the run's failure, not the process's.
io::task<build_event> carry_out(const run_work& all) {
  try {
    pipeline steps(*all.context, all.tools.get(), all.plan, all.attempt, events_of(all),
                   all.control->stop.get_token());
    auto running = steps.run();
    auto how = co_await running;
    co_return how;
  } catch (...) {
    co_return run_failed{fault_class::infrastructure,
                         "the run failed inside the service: " + what_of(std::current_exception())};
  }
}

/// The work of a run: the pipeline, whose end the actor is told.
io::task<result<void>> work(run_work all) {
  if (auto before = std::exchange(all.ends.before, nullptr)) {
    // It was told to stop, and has a bounded time for it.
    auto waiting = all.context->threads.until(before->token());
    co_await waiting;
  }
  {
    std::stop_callback with_the_process(all.context->shutdown.get_token(),
                                        [control = all.control] { control->end(); });
    auto carrying_out = carry_out(all);
    auto how = co_await carrying_out;
    all.ends.own->reach();
    caf::anon_send(all.run, worker_ended{std::move(how)});
  }
  // The build has been told its end and waits for nothing of this.
  if (!all.tools || !std::holds_alternative<dockerfile_source>(all.plan->source)) co_return result<void>();
  auto pruning = prune_layers(*all.context, *all.tools);
  auto pruned = co_await pruning;
  co_return pruned;
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
  control_ = std::make_shared<run_control>(context->threads.waker());
  auto& threads = context->threads;
  std::shared_ptr<run_end> surely(ends.own.get(), [own = ends.own](run_end* end) { end->reach(); });
  threads.start(work({std::move(context), std::move(tools), std::move(plan), attempt, control_,
                      std::move(ends), std::move(surely), local_run_impl(self_)}));
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
                          worker_answer{what.url, what.answer, what.waiting, what.tries - 1});
  };
  auto journal = find_actor<journal_actor>(self_->system(), names::journal);
  if (!journal) return again();
  self_->request(journal, ask_timeout, journal_note_answer{build_id_, what.url, what.answer})
      .then(
          [again](const journal_kept& kept) {
            if (!kept.outcome) again();
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
