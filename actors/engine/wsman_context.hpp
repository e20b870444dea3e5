#pragma once

#include "actors/engine/wsman_manager.hpp"
#include "actors/io/credential_source.hpp"
#include "actors/io/http_streams.hpp"
#include "actors/service_health.hpp"

#include <caf/actor_clock.hpp>
#include <caf/actor_control_block.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace ib {

/// How long the engine waits for what; tests shorten it.
struct wsman_timing {
  using ms = std::chrono::milliseconds;

  ms start_step{1000};    ///< UNAVAILABLE: 1 s, 2 s, 3 s … between the starts of a workspace
  int start_retries = 10; ///< how many times it is started again
  ms first_backoff{200};  ///< of the monitor, after it lost ws-manager
  ms longest_backoff{5000};
  ms unready{30'000};          ///< without ws-manager for so long, the service says that it is not ready
  ms second_look{1000};        ///< what changed between a list and its subscription shows in the next list
  ms doubt_pause{5000};        ///< between lists while ws-manager cannot tell what became of a workspace
  ms relist{60'000};           ///< nothing that is lost without a lost connection stays lost for longer
  ms adopt_pause{1000};        ///< builds of the journal come for their runs meanwhile
  ms first_log_pause{250};     ///< between two tries to reach a build's output
  ms longest_task_pause{1000}; ///< … while it has no terminal
  ms longest_log_pause{5000};
  ms log_settle{2000}; ///< a terminal that replays says nothing for so long: it has said all it has
  /// The last output of an ended workspace is waited for until it says nothing for so long, at most so long.
  ms log_drain_quiet{1000};
  ms log_drain{10'000};
  ms stop_step{1000};       ///< between the tries to stop a workspace
  ms stop_patience{60'000}; ///< a workspace that does not end when told
  ms verify_pause{2000};    ///< between looks for the image at a registry that does not answer
  ms verify_patience{300'000};
  ms abandon{600'000}; ///< how long a run that has ended waits for its build to come for it
};

/// One run, as the engine keeps it.
struct wsman_entry {
  caf::strong_actor_ptr actor;
  int attempt = 1;
  /// The workspace is known to run since before the list of this number was asked for; 0 while it is not.
  uint64_t up_before_list = 0;
  /// From then on it is missed where a list does not have it; ws-manager may list late what it has begun.
  caf::actor_clock::time_point due;
  bool listed = false;                  ///< a list had it: it is missed at once
  std::optional<uint64_t> last_version; ///< of the newest status; none before the first
  bool asked_about = false;             ///< ws-manager is being asked whether it is really gone
};

/// What the engine and its runs share. Immutable but for `runs`, which only the engine touches: they belong
/// to the house, so that a restarted engine finds them.
struct wsman_context {
  std::shared_ptr<workspace_manager> manager;
  std::shared_ptr<io::http_streams> streams;
  std::shared_ptr<io::credential_store> credentials;
  std::shared_ptr<service_health> health = std::make_shared<service_health>(); ///< told of ws-manager
  std::string ecr_domain;  ///< whose password stands for those of all ECR registries; empty without ECR
  std::string log_ca_file; ///< PEM file of CAs trusted for the workspaces' URLs beside the system's
  /// Where the log of a build can be followed at our own HTTP server; null where there is none.
  std::function<std::string(const std::string& build_id)> log_url;
  wsman_timing timing;
  std::map<std::string, wsman_entry> runs; ///< by build id
};

} // namespace ib
