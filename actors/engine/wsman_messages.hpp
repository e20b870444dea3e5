#pragma once

#include "actors/engine/wsman_manager.hpp"
#include "actors/interfaces.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

// What the parts of the engine `wsman` tell each other.

namespace ib {

// --- ws-manager to the engine ---

struct workspaces_listed {
  uint64_t number = 0; ///< which list it is
  result<std::shared_ptr<const std::vector<workspace_status>>> workspaces;
};
struct workspace_changed {
  uint64_t subscription = 0; ///< which one told it
  std::shared_ptr<const workspace_status> status;
};
struct subscription_over {
  uint64_t subscription = 0;
  error why;
};
struct workspace_described {
  std::string build_id;
  result<workspace_status> status;
};

// --- the engine to itself ---

struct list_now {
  uint64_t turn = 0;
};
struct adopt_unclaimed {};

// --- the engine and its runs ---

/// To a run: what ws-manager tells of its workspace.
struct workspace_seen {
  std::shared_ptr<const workspace_status> status;
};
/// To a run: ws-manager does not know its workspace any more.
struct workspace_gone {};
/// From a run: its workspace runs. `unseen`: nothing is known of it but that.
struct workspace_is_up {
  std::string build_id;
  bool unseen = false;
};

// --- a run to itself, and answers to it ---

struct credentials_gathered {
  std::shared_ptr<const from_credentials> credentials;
};
struct start_answered {
  result<started_workspace> answer;
};
struct start_again {};
struct stop_answered {
  result<void> answer;
};
struct stop_again {};
struct stop_is_late {};
struct verify_again {};
/// Nobody came for the end of the run.
struct abandon_workspace_run {};

// --- the log of a run ---

/// A piece of a response; `stream` tells which one of the run's.
struct log_bytes {
  uint64_t stream = 0;
  std::shared_ptr<const std::string> bytes;
};
struct log_over {
  uint64_t stream = 0;
  result<int> how;
};
/// A pause of the log's reader is over.
struct log_pause_over {
  uint64_t turn = 0;
};
struct log_is_quiet {
  uint64_t turn = 0;
};
struct log_drained {};

using wsman_run_impl = run_actor::extend<
    caf::reacts_to<workspace_seen>, caf::reacts_to<workspace_gone>, caf::reacts_to<credentials_gathered>,
    caf::reacts_to<start_answered>, caf::reacts_to<start_again>, caf::reacts_to<stop_answered>,
    caf::reacts_to<stop_again>, caf::reacts_to<stop_is_late>, caf::reacts_to<verify_again>,
    caf::reacts_to<abandon_workspace_run>, caf::reacts_to<log_bytes>, caf::reacts_to<log_over>,
    caf::reacts_to<log_pause_over>, caf::reacts_to<log_is_quiet>, caf::reacts_to<log_drained>>;

using wsman_engine_impl =
    engine_actor::extend<caf::reacts_to<workspaces_listed>, caf::reacts_to<workspace_changed>,
                         caf::reacts_to<subscription_over>, caf::reacts_to<workspace_described>,
                         caf::reacts_to<list_now>, caf::reacts_to<adopt_unclaimed>,
                         caf::reacts_to<workspace_is_up>>;

} // namespace ib

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::workspaces_listed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::workspace_changed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::subscription_over)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::workspace_described)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::list_now)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::adopt_unclaimed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::workspace_seen)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::workspace_gone)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::workspace_is_up)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::credentials_gathered)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::start_answered)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::start_again)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::stop_answered)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::stop_again)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::stop_is_late)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::verify_again)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::abandon_workspace_run)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::log_bytes)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::log_over)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::log_pause_over)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::log_is_quiet)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::log_drained)
