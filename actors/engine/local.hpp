#pragma once

#include "actors/engine/local_context.hpp"
#include "actors/interfaces.hpp"

#include <caf/typed_response_promise.hpp>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace ib {

/// What was found out about the tools of this machine.
struct tools_probed {
  result<build_tools> tools;
};

using local_engine_impl = engine_actor::extend<caf::reacts_to<tools_probed>>;

/// The embedded engine: one run actor with one worker thread per running build. Runs wait for the probe of
/// the build tools, which begins with the actor and so delays no one's start.
class local_engine_work {
public:
  explicit local_engine_work(local_engine_impl::pointer self) : self_(self) {}

  ~local_engine_work();
  void begin(std::shared_ptr<local_context> context);
  caf::typed_response_promise<run_handle> start(const start_run& order);
  run_handle attach(const attach_run& wish) const;
  void stop(const stop_run& wish);
  void probed(const tools_probed& answer);
  void run_is_down(const caf::actor_addr& who);

private:
  struct run_entry {
    run_actor actor;
    int attempt = 1;
  };
  struct waiting_start {
    start_run order;
    caf::typed_response_promise<run_handle> answer;
  };

  run_handle launch(const start_run& order);

  local_engine_impl::pointer self_;
  std::shared_ptr<local_context> context_;
  bool probe_done_ = false;
  std::shared_ptr<const build_tools> tools_; ///< null where buildah does not work here
  std::map<std::string, run_entry> runs_;    ///< by build id
  std::vector<waiting_start> waiting_;
};

struct local_engine_state {
  explicit local_engine_state(local_engine_impl::pointer self) : work(self) {}
  local_engine_work work;
};

local_engine_impl::behavior_type local_engine(local_engine_impl::stateful_pointer<local_engine_state> self,
                                              std::shared_ptr<local_context> context);

} // namespace ib

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::tools_probed)
