// Long on purpose: one build and all that happens to it, in the order of its life.
#include "actors/build.hpp"

#include "actors/ask.hpp"
#include "actors/first_run.hpp"
#include "actors/io/utc_time.hpp"
#include "actors/names.hpp"
#include "actors/observe.hpp"
#include "actors/words.hpp"

#include <caf/typed_event_based_actor.hpp>
#include <prometheus/counter.h>
#include <prometheus/histogram.h>

#include <algorithm>
#include <utility>

namespace ib {

namespace {

/// Between two looks for an engine that is restarting.
constexpr std::chrono::milliseconds engine_pause{200};
/// A run may have to wait for the engine to find out how to build at all.
constexpr std::chrono::minutes start_timeout{5};
/// An engine that died so often over a build's wish is killed by it.
constexpr int max_engine_deaths = 3;

/// A line of the service's own in a build's log.
std::string own_line(const std::string& line) { return "image-builder: " + line + "\n"; }

} // namespace

void build_work::begin(build_record record, build_settings settings, io::bound_log log, bool is_new) {
  record_ = std::move(record);
  log_ = std::move(log);
  settings_ = std::move(settings);
  learn_secrets();
  run_began_ = last_sign_ = phase_began_ = self_->clock().now();
  kept_state_ = record_.machine.state;
  kept_attempt_ = record_.machine.attempt;
  writer_.begin(
      self_, id(), record_.channel->log().end_offset(),
      [this](const std::string& why) { say("waiting for the storage: " + why); },
      [this](const std::string& why) { crash("the journal refused a write: " + why); });
  if (is_terminal(record_.machine.state)) return tell_end_again();
  if (record_.machine.state != build_state::queued) go_on(is_new);
  introduce();
  explain();
}

/// With the run first: it waits for nothing else. The journal is told the time limit with the next step.
void build_work::go_on(bool is_new) {
  may_begin_ = is_first_run_unheard_of(record_);
  if (is_new && may_begin_)
    begin_run();
  else
    attach();
  auto age = is_new ? std::chrono::milliseconds(0) : age_of_first_step();
  if (!record_.deadline) record_.deadline = run_began_ - age + settings_.time_limit;
  arm_time_limit();
}

std::chrono::milliseconds build_work::age_of_first_step() const {
  auto told = record_.channel->from_start();
  const auto* first = told.next();
  auto age = first == nullptr ? 0 : io::unix_ms_now() - first->at_ms;
  return std::chrono::milliseconds(std::max<int64_t>(age, 0));
}

/// In one piece: a crash between two of the lines would take those away that follow.
void build_work::explain() {
  if (record_.channel->log().end_offset() != 0) return;
  std::string lines;
  for (const auto& line : record_.plan->explanation)
    lines += own_line(line);
  append(shown(lines));
}

/// A director that does not know the build's actor would never tell it to run.
void build_work::introduce() {
  insist<director_actor>(self_, names::director,
                         build_ready{id(), caf::actor_cast<caf::strong_actor_ptr>(self_),
                                     record_.machine.state == build_state::queued},
                         [this] { return !is_terminal(record_.machine.state); });
}

bool build_work::take_step(const build_event& event, std::function<void()> kept) {
  auto step = transition(record_.machine, event);
  if (!step) {
    log_->debug(step.error().message);
    return false;
  }
  bool new_run = step->next.attempt != record_.machine.attempt;
  time_phase(step->next.state);
  record_.machine = step->next;
  hide_secrets(record_.machine);
  if (new_run && !record_.deadline) record_.deadline = self_->clock().now() + settings_.time_limit;
  note_end(step->effects);
  auto told = step_of(step->effects);
  writer_.advance({id(), record_.machine, record_.deadline, told},
                  [this, told, kept = std::move(kept), state = step->next.state, attempt = step->next.attempt,
                   effects = std::move(step->effects)] {
                    kept_state_ = state;
                    kept_attempt_ = attempt;
                    if (kept) kept();
                    if (told) publish(*told);
                    carry_out(effects);
                  });
  return true;
}

/// Whoever cancels is answered once no crash can make the build forget it.
caf::typed_response_promise<cancel_answer> build_work::cancel(const cancel_build& wish) {
  auto answer = self_->make_response_promise<cancel_answer>();
  bool taken = take_step(cancel_requested{wish.reason},
                         [answer]() mutable { answer.deliver(cancel_answer{result<void>{}}); });
  if (!taken)
    answer.deliver(
        cancel_answer{error{error_code::failed_precondition, "build " + id() + " has ended", "", {}}});
  return answer;
}

/// Something watchers are told from where the build stands.
status_update build_work::told_now(build_status status, std::string message) const {
  return {status, std::move(message), record_.machine.state, record_.machine.attempt, io::unix_ms_now()};
}

/// What watchers are told of a step; nothing where it is none of theirs.
std::optional<status_update> build_work::step_of(const std::vector<build_effect>& effects) const {
  std::optional<status_update> told;
  for (auto effect = effects.begin(); effect != effects.end() && !told; ++effect) {
    if (auto* announcement = std::get_if<announce_effect>(&*effect)) {
      told = told_now(build_status::running, shown(announcement->message));
    } else if (auto* end = std::get_if<finish_effect>(&*effect)) {
      told = told_now(end->success ? build_status::success : build_status::failure, shown(end->message));
      told->failure = record_.machine.failure;
    }
  }
  if (told) told->is_step = true;
  return told;
}

void build_work::time_phase(build_state next) {
  if (next == record_.machine.state) return;
  auto now = self_->clock().now();
  std::chrono::duration<double> took = now - std::exchange(phase_began_, now);
  settings_.meter->phase_seconds(record_.machine.state).Observe(took.count());
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
  may_begin_ = false;
  auto engine = find_actor<engine_actor>(self_->system(), names::engine);
  if (!engine) return await_engine(false);
  take_answer<run_handle>(
      self_, self_->request(engine, start_timeout, start_run{record_.plan, record_.machine.attempt}),
      [this](const run_handle& handle) { follow(handle); },
      [this](const caf::error&) { engine_is_gone(false); });
}

/// A start may be asked for twice: it is one run. So an engine that dies over it is no reason to spend an
/// attempt.
void build_work::engine_is_gone(bool attach) {
  if (++engine_deaths_ <= max_engine_deaths) return await_engine(attach);
  engine_deaths_ = 0;
  apply(run_lost{});
}

void build_work::carry_out(const stop_run_effect&) { ask_to_stop(); }

/// The run may outlive an engine that is just restarting, and nobody else would end it.
void build_work::ask_to_stop() {
  insist<engine_actor>(self_, names::engine, stop_run{id()},
                       [this] { return record_.machine.state == build_state::stopping; });
}

/// Was told with the step.
void build_work::carry_out(const announce_effect&) {}

void build_work::carry_out(const finish_effect& effect) {
  if (run_) self_->send(run_, release_run{});
  auto run_ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(self_->clock().now() - run_began_).count();
  // The supervisor sees to it that this is heard.
  if (auto director = find_actor<director_actor>(self_->system(), names::director))
    self_->send(director, build_ended{id(), effect.success, record_.machine.attempt > 0 ? run_ms : 0});
  log_->info(effect.success ? "build succeeded" : "build failed: " + shown(effect.message),
             {{"ref", record_.plan->workspace_ref}});
  self_->quit();
}

/// An earlier incarnation kept the end and may not have come to tell it.
void build_work::tell_end_again() {
  bool success = record_.machine.state == build_state::succeeded;
  auto told = told_now(success ? build_status::success : build_status::failure, record_.machine.end_message);
  told.is_step = true;
  told.failure = record_.machine.failure;
  publish(std::move(told));
  carry_out(finish_effect{success, record_.machine.end_message});
}

void build_work::attach() {
  auto engine = find_actor<engine_actor>(self_->system(), names::engine);
  if (!engine) return await_engine(true);
  self_
      ->request(engine, ask_timeout,
                attach_run{id(), record_.machine.attempt, record_.plan, record_.machine.begun})
      .then([this](const run_handle& handle) { follow(handle); },
            [this](const caf::error&) { engine_is_gone(true); });
  if (record_.machine.state == build_state::stopping) ask_to_stop();
}

/// An engine that is restarting is no reason to spend an attempt.
void build_work::await_engine(bool attach) {
  self_->delayed_send(self_, engine_pause, build_engine_retry{record_.machine.attempt, attach});
}

void build_work::retry_engine(const build_engine_retry& again) {
  if (again.attempt != record_.machine.attempt || run_) return;
  // A build that was to stop meanwhile may have a run all the same, of an engine that died before it said so.
  if (again.attach || !has_run(record_.machine.state))
    attach();
  else
    begin_run();
}

void build_work::follow(const run_handle& handle) {
  if (!handle.run) {
    if (handle.run.error().code == error_code::not_found) return run_is_gone();
    return apply(run_failed{fault_class::infrastructure, handle.run.error().message});
  }
  run_ = caf::actor_cast<run_actor>(*handle.run);
  run_told_its_end_ = false;
  may_begin_ = false;
  engine_deaths_ = 0;
  redactor_ = std::make_unique<redactor>(secrets_);
  redactor_base_ = taken_ = record_.raw_offset;
  last_sign_ = self_->clock().now();
  if (!std::exchange(stall_check_armed_, true))
    self_->delayed_send(self_, settings_.stall_notice, build_stall_check{});
  self_->monitor(run_);
  self_->send(run_, subscribe_run{record_.raw_offset, caf::actor_cast<caf::strong_actor_ptr>(self_)});
}

/// An engine that has no run of this attempt: never asked for one, by an incarnation that crashed before it
/// could; lost in this process; or ended with an earlier one.
void build_work::run_is_gone() {
  if (may_begin_ && has_run(record_.machine.state)) return begin_run();
  if (record_.interrupted_attempt == record_.machine.attempt)
    apply(run_interrupted{});
  else
    apply(run_lost{});
}

void build_work::run_is_down(const caf::actor_addr& who) {
  if (!run_ || run_.address() != who) return;
  run_ = nullptr;
  // What became of a run that told its end is known; its going costs no attempt.
  if (run_told_its_end_) return;
  flush_output();
  // The engine may still have what the actor followed.
  attach();
}

void build_work::take_output(const run_output& output) {
  // After a re-subscription the same bytes may come twice; only the continuation counts.
  if (output.attempt != record_.machine.attempt || !redactor_ || output.raw_offset != taken_) return;
  last_sign_ = self_->clock().now();
  taken_ += output.bytes->size();
  auto text = redactor_->pass(output.bytes);
  record_.raw_offset = redactor_base_ + redactor_->consumed();
  append(std::move(text));
}

void build_work::take_phase(const run_phase& phase) {
  if (phase.attempt != record_.machine.attempt) return;
  last_sign_ = self_->clock().now();
  if (phase.replayed && knows(phase)) return;
  apply(phase_changed{phase.phase, phase.message, phase.begun});
}

/// A run tells whoever subscribes where it is. An earlier incarnation may have heard it, or nobody: the run
/// may have come so far before the build subscribed.
bool build_work::knows(const run_phase& phase) const {
  const auto* latest = record_.channel->latest();
  return phase.phase == record_.machine.state && (record_.machine.begun || !phase.begun) &&
         latest != nullptr && latest->message == shown(phase.message);
}

void build_work::take_note(const run_note& note) {
  if (note.attempt == record_.machine.attempt) write_line(note.line);
}

void build_work::take_access(const run_log_access& told) {
  if (told.attempt != record_.machine.attempt) return;
  if (auto known = record_.channel->access(); known && *known == *told.access) return;
  record_.channel->publish_access(told.access);
  // From the next redactor on; the first output comes after this.
  learn_secrets();
  if (redactor_ && taken_ == redactor_base_) redactor_ = std::make_unique<redactor>(secrets_);
  wake_readers(false);
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
  redactor_.reset();
  if (text.empty() && record_.raw_offset == taken_) return;
  record_.raw_offset = taken_;
  append(std::move(text));
}

void build_work::append(shared_text bytes) {
  auto offset = record_.raw_offset;
  auto size = static_cast<double>(bytes.size());
  writer_.append(std::move(bytes), offset, [this, offset, size] {
    settings_.meter->log_received_bytes.Increment(size);
    if (run_) self_->send(run_, acknowledge_output{offset});
    wake_readers(false);
  });
}

/// An earlier incarnation may have been told the token of the run.
void build_work::learn_secrets() {
  auto secrets = secrets_of(*record_.plan);
  if (auto access = record_.channel->access()) secrets.push_back(access->owner_token);
  secrets_ = std::make_shared<const pattern_set>(secrets);
}

void build_work::write_line(const std::string& line) { append(shown(own_line(line))); }

/// Without the build's secrets.
std::string build_work::shown(const std::string& text) const {
  redactor whole(secrets_);
  std::string clean;
  whole.write(text, clean);
  whole.finish(clean);
  return clean;
}

void build_work::hide_secrets(machine_state& machine) const {
  machine.end_message = shown(machine.end_message);
  if (!machine.failure) return;
  machine.failure->where.command = shown(machine.failure->where.command);
  for (auto& line : machine.failure->where.last_lines)
    line = shown(line);
}

/// For what is said between two steps of the state machine. The step under way may never be kept: the build
/// stands where the journal knows it to be.
void build_work::say(const std::string& message, rare<queue_place> place) {
  auto told = told_now(build_status::running, shown(message));
  told.state = kept_state_;
  told.attempt = kept_attempt_;
  told.place = std::move(place);
  publish(std::move(told));
}

void build_work::publish(status_update update) {
  bool last = update.status != build_status::running;
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
  auto words = place_in_words(place.builds_ahead, place.estimate_ms);
  // The director tells a place at each end of another build, changed or not.
  auto* latest = record_.channel->latest();
  if (latest == nullptr || latest->message != words) say(words, place);
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
    say(std::string("still ") + to_string(kept_state_) + ", no output for " + in_words(quiet_ms.count()));
  self_->delayed_send(self_, std::max(next, std::chrono::milliseconds(1)), build_stall_check{});
}

/// Ends this incarnation; the supervisor starts the next from the journal.
void build_work::crash(const std::string& why) {
  log_->error("build actor gives up its incarnation", {{"what", why}});
  self_->quit(caf::make_error(caf::sec::runtime_error, why));
}

build_impl::behavior_type build(build_impl::stateful_pointer<build_actor_state> self, build_record record,
                                build_settings settings, bool is_new) {
  auto* work = &self->state.work;
  const auto path = "house/builds/" + record.plan->build_id;
  auto log = log_of(path, record.plan->build_id, record.plan->trace);
  auto seen = enter_board(self, "build", path, log);
  self->set_down_handler([work](caf::down_msg& down) { work->run_is_down(down.source); });
  work->begin(std::move(record), std::move(settings), std::move(log), is_new);
  return seen.observe([work](const run_now&) { work->apply(slot_granted{}); },
                      [work](const introduce_yourself&) { work->introduce(); },
                      [work](const queue_place& place) { work->show_place(place); },
                      [work](const cancel_build& wish) { return work->cancel(wish); },
                      [work](const run_output& output) { work->take_output(output); },
                      [work](const run_phase& phase) { work->take_phase(phase); },
                      [work](const run_note& note) { work->take_note(note); },
                      [work](const run_log_access& told) { work->take_access(told); },
                      [work](const run_ended& end) { work->take_end(end); },
                      [work](const build_time_limit&) { work->reach_time_limit(); },
                      [work](const build_stall_check&) { work->check_stall(); },
                      [work](const build_engine_retry& again) { work->retry_engine(again); },
                      [work](const build_journal_retry&) { work->retry_journal(); },
                      [](const say_again& m) { m.words(); });
}

} // namespace ib
