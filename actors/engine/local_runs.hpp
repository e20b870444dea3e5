#pragma once

#include "actors/engine/local_context.hpp"
#include "actors/interfaces.hpp"

#include <atomic>
#include <map>
#include <memory>
#include <stop_token>
#include <string>

namespace ib {

/// Tells when the work of a run has done its last: no process and no folder of the run is left.
class run_end {
public:
  void reach() { reached_.request_stop(); }
  bool is_reached() const { return reached_.stop_requested(); }
  /// Its "stop" is requested when the end is reached.
  std::stop_token token() const { return reached_.get_token(); }

private:
  std::stop_source reached_;
};

/// The runs of the local engine. They belong to the root supervisor: an engine that is started again after a
/// crash finds them here, and no build has lost anything. For the engine's actor, whichever incarnation.
struct local_runs {
  struct entry {
    run_actor actor;
    int attempt = 1;
  };
  std::map<std::string, entry> runs; ///< by build id
  /// By workspace reference the end of the newest run: the next one of the same reference waits for it, so
  /// that a run which was given up and dies slowly never works beside its successor.
  std::map<std::string, std::shared_ptr<run_end>> ends;

  /// What was found out about the tools of this machine; null until then. Written by the prober's task.
  std::atomic<std::shared_ptr<const result<build_tools>>> tools;
  std::atomic<bool> probing{false};

  /// Ends every run, when the engine has ended for good.
  void end_all();
};

} // namespace ib
