#pragma once

#include "actors/engine/local_context.hpp"
#include "actors/engine/local_runs.hpp"
#include "actors/interfaces.hpp"

#include <caf/typed_response_promise.hpp>

#include <memory>
#include <string>
#include <vector>

namespace ib {

/// Time to look what was found out about the tools of this machine.
struct look_at_tools {};

/// Time to try tools again that did not work.
struct try_tools_again {};

using local_engine_impl =
    engine_actor::extend<caf::reacts_to<look_at_tools>, caf::reacts_to<try_tools_again>>;

/// The embedded engine: one run actor per running build, whose work is a task that shares its threads with
/// all others. Runs wait for the probe of the build tools, which begins with the engine and so delays no
/// one's start. Tools that do not work are tried again: a disk may have been full, a package missing.
///
/// A start that is asked for twice (the answer got lost with a crash) is one run.
class local_engine_work {
public:
  explicit local_engine_work(local_engine_impl::pointer self) : self_(self) {}
  ~local_engine_work();

  void begin(std::shared_ptr<local_context> context, std::shared_ptr<local_runs> runs);
  caf::typed_response_promise<run_handle> start(const start_run& order);
  caf::typed_response_promise<run_handle> attach(const attach_run& wish);
  void stop(const stop_run& wish);
  void look_at_the_tools();
  void try_tools_again();
  void run_is_down(const caf::actor_addr& who);
  /// The house is closing: the runs end with it.
  void close() { runs_->end_all(); }

private:
  struct waiting_start {
    start_run order;
    caf::typed_response_promise<run_handle> answer;
  };

  void probe();
  void take_result(const result<build_tools>* before);
  std::vector<waiting_start>::iterator find_waiting(const std::string& build_id);
  run_handle launch(const start_run& order);

  local_engine_impl::pointer self_;
  std::shared_ptr<local_context> context_;
  std::shared_ptr<local_runs> runs_;
  std::shared_ptr<const result<build_tools>> found_; ///< the newest result of a probe, null before the first
  std::shared_ptr<const build_tools> tools_;         ///< null where buildah does not work here
  std::vector<waiting_start> waiting_;
  bool will_try_again_ = false;
};

struct local_engine_state {
  explicit local_engine_state(local_engine_impl::pointer self) : work(self) {}
  local_engine_work work;
};

local_engine_impl::behavior_type local_engine(local_engine_impl::stateful_pointer<local_engine_state> self,
                                              std::shared_ptr<local_context> context,
                                              std::shared_ptr<local_runs> runs);

} // namespace ib

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::look_at_tools)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::try_tools_again)
