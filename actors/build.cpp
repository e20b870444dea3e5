#include "actors/build.hpp"

#include "actors/guard.hpp"
#include "actors/names.hpp"
#include "actors/words.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <utility>

namespace ib {

namespace {

/// Between two looks for an engine that is restarting.
constexpr std::chrono::milliseconds engine_pause{200};
/// A run may have to wait for the engine to find out how to build at all.
constexpr std::chrono::minutes start_timeout{5};

template <class... Ts>
void tell_director(build_impl::pointer self, Ts&&... message) {
  if (auto director = find_actor<director_actor>(self->system(), names::director))
    self->send(director, std::forward<Ts>(message)...);
}

} // namespace

void build_work::begin(build_record record, build_settings settings) {
  record_ = std::move(record);
  settings_ = settings;
  run_began_ = last_sign_ = self_->clock().now();
  if (is_terminal(record_.machine.state)) {
    carry_out(finish_effect{record_.machine.state == build_state::succeeded, record_.machine.end_message});
    return;
  }
  introduce();
  if (record_.machine.state == build_state::queued) {
    if (record_.channel->log().end_offset() == 0)
      for (const auto& line : record_.plan->explanation)
        write_line(line);
    return;
  }
  arm_time_limit();
  attach();
}

void build_work::introduce() {
  tell_director(self_, build_ready{id(), caf::actor_cast<caf::strong_actor_ptr>(self_)});
}

void build_work::apply(const build_event& event) {
  auto step = transition(record_.machine, event);
  if (!step) {
    io::log_debug(step.error().message, {{"build_id", id()}});
    return;
  }
  bool new_run = step->next.attempt != record_.machine.attempt;
  record_.machine = step->next;
  if (new_run && !record_.deadline) record_.deadline = self_->clock().now() + settings_.time_limit;
  note_end(step->effects);
  auto journal = find_actor<journal_actor>(self_->system(), names::journal);
  if (!journal) return crash("the journal is away");
  self_->request(journal, ask_timeout, journal_advance{id(), record_.machine, record_.deadline})
      .then(
          [this, effects = std::move(step->effects)](const journal_kept& kept) {
            if (!kept.outcome) return crash("the journal refused a step: " + kept.outcome.error().message);
            carry_out(effects);
          },
          [this](const caf::error&) { crash("the journal did not answer"); });
}

/// The end of a build, and why it is tried again, are the log's last words; they must be kept before the log
/// is closed.
void build_work::note_end(const std::vector<build_effect>& effects) {
  for (const auto& effect : effects) {
    if (auto* finish = std::get_if<finish_effect>(&effect); finish != nullptr && !finish->success)
      write_line(finish->message);
    if (std::holds_alternative<start_run_effect>(effect) && record_.machine.attempt > 1)
      if (auto* why = std::get_if<announce_effect>(effects.data())) write_line(why->message);
  }
}

void build_work::carry_out(const std::vector<build_effect>& effects) {
  for (const auto& effect : effects)
    std::visit([this](const auto& e) { carry_out(e); }, effect);
}

void build_work::carry_out(const start_run_effect&) {
  if (run_) self_->send(run_, release_run{});
  run_ = nullptr;
  redactor_.reset();
  record_.raw_offset = 0;
  run_began_ = self_->clock().now();
  arm_time_limit();
  begin_run();
}

void build_work::begin_run() {
  auto engine = find_actor<engine_actor>(self_->system(), names::engine);
  if (!engine) return await_engine(false);
  self_->request(engine, start_timeout, start_run{record_.plan, record_.machine.attempt})
      .then([this](const run_handle& handle) { follow(handle); },
            [this](const caf::error&) { apply(run_lost{}); });
}

void build_work::carry_out(const stop_run_effect&) {
  auto engine = find_actor<engine_actor>(self_->system(), names::engine);
  if (!engine) return apply(run_lost{});
  self_->send(engine, stop_run{id()});
}

void build_work::carry_out(const announce_effect& effect) {
  publish({build_status::running, effect.message});
}

void build_work::carry_out(const finish_effect& effect) {
  publish({effect.success ? build_status::success : build_status::failure, effect.message});
  if (run_) self_->send(run_, release_run{});
  auto run_ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(self_->clock().now() - run_began_).count();
  tell_director(self_, build_ended{id(), effect.success, record_.machine.attempt > 0 ? run_ms : 0});
  // As it was published: without the build's secrets.
  io::log_info(effect.success ? "build succeeded" : "build failed: " + record_.channel->latest()->message,
               {{"build_id", id()}, {"ref", record_.plan->workspace_ref}});
  self_->quit();
}

void build_work::attach() {
  auto engine = find_actor<engine_actor>(self_->system(), names::engine);
  if (!engine) return await_engine(true);
  self_->request(engine, ask_timeout, attach_run{id(), record_.machine.attempt})
      .then([this](const run_handle& handle) { follow(handle); },
            [this](const caf::error&) { apply(run_lost{}); });
  if (record_.machine.state == build_state::stopping) self_->send(engine, stop_run{id()});
}

/// An engine that is restarting is no reason to spend an attempt.
void build_work::await_engine(bool attach) {
  self_->delayed_send(self_, engine_pause, build_engine_retry{record_.machine.attempt, attach});
}

void build_work::retry_engine(const build_engine_retry& again) {
  if (again.attempt != record_.machine.attempt || run_) return;
  if (again.attach) return attach();
  // A build that was to stop meanwhile has no run to wait for.
  if (has_run(record_.machine.state))
    begin_run();
  else
    apply(run_lost{});
}

void build_work::follow(const run_handle& handle) {
  if (!handle.run) {
    if (handle.run.error().code == error_code::not_found) return apply(run_lost{});
    return apply(run_failed{fault_class::infrastructure, handle.run.error().message});
  }
  run_ = caf::actor_cast<run_actor>(*handle.run);
  run_told_its_end_ = false;
  redactor_ = std::make_unique<redactor>(record_.secrets);
  redactor_base_ = taken_ = record_.raw_offset;
  last_sign_ = self_->clock().now();
  if (!std::exchange(stall_check_armed_, true))
    self_->delayed_send(self_, settings_.stall_notice, build_stall_check{});
  self_->monitor(run_);
  self_->send(run_, subscribe_run{record_.raw_offset, caf::actor_cast<caf::strong_actor_ptr>(self_)});
}

void build_work::run_is_down(const caf::actor_addr& who) {
  if (run_ && run_.address() == who) {
    run_ = nullptr;
    // What became of a run that told its end is known; its going costs no attempt.
    if (run_told_its_end_) return;
    flush_output();
    apply(run_lost{});
  }
}

void build_work::take_output(const run_output& output) {
  // After a re-subscription the same bytes may come twice; only the continuation counts.
  if (output.attempt != record_.machine.attempt || !redactor_ || output.raw_offset != taken_) return;
  last_sign_ = self_->clock().now();
  taken_ += output.bytes->size();
  std::string text;
  redactor_->write(*output.bytes, text);
  record_.raw_offset = redactor_base_ + redactor_->consumed();
  append(std::move(text));
}

void build_work::take_phase(const run_phase& phase) {
  if (phase.attempt != record_.machine.attempt) return;
  last_sign_ = self_->clock().now();
  if (phase.replayed && phase.phase == record_.machine.state) return;
  apply(phase_changed{phase.phase, phase.message});
}

void build_work::take_end(const run_ended& end) {
  if (end.attempt != record_.machine.attempt) return;
  run_told_its_end_ = true;
  flush_output();
  apply(end.how);
}

/// No more output will come: what the redactor held back is certain now.
void build_work::flush_output() {
  if (!redactor_) return;
  std::string text;
  redactor_->finish(text);
  record_.raw_offset = taken_;
  append(std::move(text));
  redactor_.reset();
}

void build_work::append(std::string bytes) {
  auto journal = find_actor<journal_actor>(self_->system(), names::journal);
  if (!journal) return crash("the journal is away");
  auto offset = record_.raw_offset;
  self_->request(journal, ask_timeout, journal_append{id(), std::move(bytes), offset})
      .then(
          [this, offset](const journal_kept& kept) {
            if (!kept.outcome) return crash("the journal refused log bytes: " + kept.outcome.error().message);
            if (run_) self_->send(run_, acknowledge_output{offset});
            wake_readers(false);
          },
          [this](const caf::error&) { crash("the journal did not answer"); });
}

void build_work::write_line(const std::string& line) {
  redactor whole(record_.secrets);
  std::string text;
  whole.write("image-builder: " + line + "\n", text);
  whole.finish(text);
  append(std::move(text));
}

void build_work::publish(status_update update) {
  bool last = update.status != build_status::running;
  redactor whole(record_.secrets);
  std::string shown;
  whole.write(update.message, shown);
  whole.finish(shown);
  update.message = std::move(shown);
  record_.channel->publish(std::move(update));
  wake_readers(last);
}

/// After the last update nothing would wake a reader whose wake-up got lost with a crashed fan-out: the build
/// does that one itself.
void build_work::wake_readers(bool last) {
  auto fan = find_actor<fan_out_actor>(self_->system(), names::fan_out);
  if (fan && !last)
    self_->send(fan, channel_grew{record_.channel});
  else
    record_.channel->wake_all();
}

void build_work::show_place(const queue_place& place) {
  if (record_.machine.state != build_state::queued) return;
  publish({build_status::running, place_in_words(place.builds_ahead, place.estimate_ms)});
}

void build_work::arm_time_limit() {
  if (!record_.deadline) return;
  auto rest = *record_.deadline - self_->clock().now();
  self_->delayed_send(self_, std::max(rest, decltype(rest)::zero()), build_time_limit{});
}

void build_work::reach_time_limit() { apply(time_limit_reached{in_words(settings_.time_limit.count())}); }

void build_work::check_stall() {
  auto quiet = self_->clock().now() - last_sign_;
  auto next = settings_.stall_notice;
  auto quiet_ms = std::chrono::duration_cast<std::chrono::milliseconds>(quiet);
  if (quiet_ms < settings_.stall_notice)
    next -= quiet_ms;
  else if (has_run(record_.machine.state))
    publish({build_status::running, std::string("still ") + to_string(record_.machine.state) +
                                        ", no output for " + in_words(quiet_ms.count())});
  self_->delayed_send(self_, std::max(next, std::chrono::milliseconds(1)), build_stall_check{});
}

/// Ends this incarnation; the supervisor starts the next from the journal.
void build_work::crash(const std::string& why) {
  io::log_error("build actor gives up its incarnation", {{"build_id", id()}, {"what", why}});
  self_->quit(caf::make_error(caf::sec::runtime_error, why));
}

build_impl::behavior_type build(build_impl::stateful_pointer<build_actor_state> self, build_record record,
                                build_settings settings) {
  auto* work = &self->state.work;
  keep_what(self, "build " + record.plan->build_id);
  self->set_down_handler([work](caf::down_msg& down) { work->run_is_down(down.source); });
  work->begin(std::move(record), settings);
  return {
      [work](const run_now&) { work->apply(slot_granted{}); },
      [work](const introduce_yourself&) { work->introduce(); },
      [work](const queue_place& place) { work->show_place(place); },
      [work](const cancel_build& wish) { work->apply(cancel_requested{wish.reason}); },
      [work](const run_output& output) { work->take_output(output); },
      [work](const run_phase& phase) { work->take_phase(phase); },
      [work](const run_ended& end) { work->take_end(end); },
      [work](const build_time_limit&) { work->reach_time_limit(); },
      [work](const build_stall_check&) { work->check_stall(); },
      [work](const build_engine_retry& again) { work->retry_engine(again); },
  };
}

} // namespace ib
