#pragma once

#include "actors/domain/rare.hpp"
#include "actors/domain/result.hpp"

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace ib {

/// The life of one build (spec: engines.md, "local"; api.md, "Build").
///
///              slot_granted                 phase_changed (forward only; phases may be skipped)
///   queued ----------------> preparing --> building --> pushing --> publishing --> verifying
///     |                          ^  |         |            |            |              |  \ run_succeeded
///     |                          |  +---------+------------+------------+--------------+   +---------->
///     succeeded |      infrastructure failure, first attempt: once more   |            | |
///     +------------------------------+            | cancel_requested, | |            | time_limit_reached |
///     cancel_requested, gave_up      user failure, second     |            v
///     +-----------------------------> failed <------------------+        stopping
///                                        ^                                  | run ended in whatever way
///                                        +----------------------------------+
///
/// `gave_up` leads to failed from every state that is not terminal. Terminal states accept no event.
/// `run_interrupted` starts the next run from every state that has one, and costs the build nothing.
enum class build_state : uint8_t {
  queued,
  preparing,
  building,
  pushing,
  publishing,
  verifying,
  stopping,
  succeeded,
  failed,
};

/// Who has to act on a failure.
enum class fault_class : uint8_t {
  user,           ///< the Dockerfile, the context, the request: never retried
  infrastructure, ///< registry, network, a killed child: retried once
};

/// Where a build failed, as far as it is known: the step of the Dockerfile it was in and the last words of
/// its output.
struct failure_place {
  int line = 0;                        ///< of the Dockerfile, from 1; 0 where none is known
  std::string command;                 ///< the instruction, empty where the build was in none
  std::vector<std::string> last_lines; ///< of the output, oldest first

  bool operator==(const failure_place&) const = default;
};

/// What is known of a failure beside its message (spec: api.md, "A failed build says more than a code").
struct build_failure {
  fault_class fault = fault_class::infrastructure;
  failure_place where;

  bool operator==(const build_failure&) const = default;
};

/// A run may begin.
struct slot_granted {};
/// The engine's run entered a phase (preparing .. verifying); `message` says so in plain words.
struct phase_changed {
  build_state phase = build_state::preparing;
  std::string message;
  bool begun = false; ///< see machine_state
};
/// The run ended and the workspace image was found in the registry.
struct run_succeeded {};
/// The run ended without an image.
struct run_failed {
  fault_class fault = fault_class::infrastructure;
  std::string message;
  failure_place where;
  bool final = false; ///< another run would not end otherwise: no retry
};
/// The run's actor disappeared without saying how the run ended: a fault of this service.
struct run_lost {};
/// The whole service ended under the run and is back.
struct run_interrupted {};
/// Somebody wants the build to end.
struct cancel_requested {
  std::string reason;
};
/// The build has run for as long as it may; `limit` in words ("60 min").
struct time_limit_reached {
  std::string limit;
};
/// The build's actor crashed more often than it may be restarted.
struct gave_up {
  std::string cause;
};

using build_event = std::variant<slot_granted, phase_changed, run_succeeded, run_failed, run_lost,
                                 run_interrupted, cancel_requested, time_limit_reached, gave_up>;

/// Start the engine's run.
struct start_run_effect {
  int attempt = 1;
};
/// Ask the engine to end its run.
struct stop_run_effect {};
/// Tell every watcher that the build is running, and what it does.
struct announce_effect {
  std::string message;
};
/// Tell every watcher how the build ended, close the log and release the slot.
struct finish_effect {
  bool success = false;
  std::string message;
};

using build_effect = std::variant<start_run_effect, stop_run_effect, announce_effect, finish_effect>;

/// Everything the machine remembers; what the journal keeps of a build's progress.
struct machine_state {
  build_state state = build_state::queued;
  int attempt = 0;         ///< runs started so far
  std::string end_message; ///< what a stopping build will end with, and a failed one has ended with
  int retries = 0;         ///< runs that failed for reasons of the infrastructure and were tried again
  int losses = 0;          ///< runs that were lost and begun again
  /// The run goes on by itself wherever it is, also without this process: what has ended of it meanwhile has
  /// ended, and is not begun anew.
  bool begun = false;
  rare<build_failure> failure; ///< of a failed build, where a run said why

  bool operator==(const machine_state&) const = default;
};

struct machine_step {
  machine_state next;
  std::vector<build_effect> effects;
};

/// The one transition function: total over states and events. failed_precondition where the event has no
/// meaning in the state; the state is then unchanged.
result<machine_step> transition(const machine_state& current, const build_event& event);

bool is_terminal(build_state state);
/// True from preparing to verifying: an engine's run is under way.
bool has_run(build_state state);
const char* to_string(build_state state);
const char* to_string(fault_class fault);
/// The name of an event's type, for logs.
const char* name_of(const build_event& event);

/// How often a failure of the infrastructure is tried again (spec: api.md, "retried once by itself").
inline constexpr int max_retries = 1;
/// How many lost runs a build survives. They are no fault of its infrastructure, but a build whose runs kill
/// their actors each time has to end.
inline constexpr int max_losses = 8;

} // namespace ib
