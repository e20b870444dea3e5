#pragma once

#include "actors/actor_log.hpp"
#include "actors/domain/redactor.hpp"
#include "actors/journal_writer.hpp"
#include "actors/metrics.hpp"

#include <caf/typed_response_promise.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ib {

struct build_settings {
  std::chrono::milliseconds time_limit{std::chrono::minutes(60)};
  std::chrono::milliseconds stall_notice{
      std::chrono::minutes(5)}; ///< a build that prints nothing for so long says so
  std::shared_ptr<metrics> meter = std::make_shared<metrics>();
};

/// Owns one build: feeds what happens into the state machine, carries out the effects, redacts the run's
/// output into the log. Every step is kept by the journal before anyone outside is told; a restarted
/// incarnation goes on from the record.
class build_work {
public:
  explicit build_work(build_impl::pointer self) : self_(self) {}

  /// Takes the record over and goes on where it stands: asks for a slot, begins its run (`is_new`: nobody has
  /// before) or attaches to it, or tells an end that was not told.
  void begin(build_record record, build_settings settings, io::bound_log log, bool is_new);

  void introduce();
  /// Takes the step that an event leads to; without effect where it has no meaning now.
  void apply(const build_event& event) { take_step(event, {}); }
  caf::typed_response_promise<cancel_answer> cancel(const cancel_build& wish);
  void show_place(const queue_place& place);
  void take_output(const run_output& output);
  void take_phase(const run_phase& phase);
  void take_note(const run_note& note);
  void take_access(const run_log_access& told);
  void take_end(const run_ended& end);
  void check_stall();
  void retry_engine(const build_engine_retry& again);
  void retry_journal() { writer_.retry(); }
  void reach_time_limit();
  void run_is_down(const caf::actor_addr& who);

private:
  /// False where the event has no meaning now. `kept` is called once the step is durable.
  bool take_step(const build_event& event, std::function<void()> kept);
  void carry_out(const std::vector<build_effect>& effects);
  void carry_out(const start_run_effect& effect);
  void carry_out(const stop_run_effect& effect);
  void carry_out(const announce_effect& effect);
  void carry_out(const finish_effect& effect);
  void go_on(bool is_new);
  std::chrono::milliseconds age_of_first_step() const;
  void tell_end_again();
  void run_is_gone();
  void begin_run();
  void attach();
  void engine_is_gone(bool attach);
  void await_engine(bool attach);
  void ask_to_stop();
  void flush_output();
  void follow(const run_handle& handle);
  void arm_time_limit();
  void learn_secrets();
  void write_line(const std::string& line);
  void explain();
  void append(shared_text bytes);
  void time_phase(build_state next);
  void note_end(const std::vector<build_effect>& effects);
  status_update told_now(build_status status, std::string message) const;
  std::optional<status_update> step_of(const std::vector<build_effect>& effects) const;
  bool knows(const run_phase& phase) const;
  std::string shown(const std::string& text) const;
  void hide_secrets(machine_state& machine) const;
  void say(const std::string& message, rare<queue_place> place = {});
  void publish(status_update update);
  void wake_readers(bool last);
  void crash(const std::string& why);
  const std::string& id() const { return record_.plan->build_id; }

  build_impl::pointer self_;
  build_record record_;
  build_settings settings_;
  std::shared_ptr<const pattern_set> secrets_; ///< what the log must not show
  journal_writer writer_;
  run_actor run_;
  std::optional<io::bound_log> log_;
  std::unique_ptr<redactor> redactor_;
  uint64_t redactor_base_ = 0;                   ///< offset in the run's output where redactor_ began
  uint64_t taken_ = 0;                           ///< offset in the run's output after the last byte taken
  build_state kept_state_ = build_state::queued; ///< where the journal knows the build to be
  int kept_attempt_ = 0;
  caf::actor_clock::time_point last_sign_; ///< when the run last printed something
  caf::actor_clock::time_point run_began_;
  caf::actor_clock::time_point phase_began_; ///< or this incarnation
  bool stall_check_armed_ = false;
  bool run_told_its_end_ = false;
  bool may_begin_ = false; ///< the first run, where the engine knows of none
  int engine_deaths_ = 0;  ///< in a row, over questions of this build
};

struct build_actor_state {
  explicit build_actor_state(build_impl::pointer self) : work(self) {}
  build_work work;
};

build_impl::behavior_type build(build_impl::stateful_pointer<build_actor_state> self, build_record record,
                                build_settings settings, bool is_new);

} // namespace ib
