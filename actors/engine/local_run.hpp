#pragma once

#include "actors/engine/local_runs.hpp"
#include "actors/engine/run_backlog.hpp"
#include "actors/interfaces.hpp"
#include "actors/io/output_gate.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>

namespace ib {

/// What the work of a run tells its actor.
struct worker_output {
  std::shared_ptr<const std::string> bytes;
};
struct worker_phase {
  build_state phase = build_state::preparing;
  std::string message;
};
struct worker_ended {
  build_event how;
};
/// What a one-time URL answered, to be kept by the journal; once it is, or cannot be, nobody holds `waiting`
/// any more.
struct worker_answer {
  std::string url;
  std::string answer; ///< a secret
  std::shared_ptr<const void> waiting;
  int tries = 0; ///< that are left
};
/// Nobody came for the end of the run.
struct abandon_run {};

using local_run_impl = run_actor::extend<caf::reacts_to<worker_output>, caf::reacts_to<worker_phase>,
                                         caf::reacts_to<worker_answer>, caf::reacts_to<worker_ended>,
                                         caf::reacts_to<abandon_run>>;

/// When the run before this one, of the same reference, has done its last (null: there was none), and when
/// this one has.
struct run_ends {
  std::shared_ptr<run_end> before;
  std::shared_ptr<run_end> own;
};

/// What the actor of a run and its work share.
struct run_control {
  explicit run_control(std::function<void()> on_room) : gate(std::move(on_room)) {}

  std::stop_source stop;
  io::output_gate gate;

  void end() {
    stop.request_stop();
    gate.open();
  }
};

/// Keeps a run's output until it is in the log, so that a restarted build finds all of it; the work itself is
/// a task of its own. A crash here stops the work, and the build sees its run as lost.
class local_run_work {
public:
  explicit local_run_work(local_run_impl::pointer self) : self_(self) {}
  ~local_run_work();

  void begin(std::shared_ptr<local_context> context, std::shared_ptr<const build_tools> tools,
             std::shared_ptr<const build_plan> plan, int attempt, run_ends ends);
  void subscribe(const subscribe_run& wish);
  void acknowledge(uint64_t raw_offset);
  void stop();
  void take_output(const worker_output& output);
  void take_phase(const worker_phase& phase);
  void take_end(const worker_ended& end);
  void keep_answer(const worker_answer& what);

private:
  void send_piece(const run_backlog::piece& what);

  local_run_impl::pointer self_;
  std::string build_id_;
  trace_context trace_;
  int attempt_ = 1;
  std::shared_ptr<run_control> control_;
  build_actor listener_;
  run_backlog backlog_;
  std::optional<run_phase> phase_;
  std::optional<run_ended> end_;
};

struct local_run_state {
  explicit local_run_state(local_run_impl::pointer self) : work(self) {}
  local_run_work work;
};

local_run_impl::behavior_type local_run(local_run_impl::stateful_pointer<local_run_state> self,
                                        std::shared_ptr<local_context> context,
                                        std::shared_ptr<const build_tools> tools,
                                        std::shared_ptr<const build_plan> plan, int attempt, run_ends ends);

} // namespace ib

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::worker_output)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::worker_phase)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::worker_answer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::worker_ended)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::abandon_run)
