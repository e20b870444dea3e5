#include "actors/io/fault_tally.hpp"

#include "actors/io/log.hpp"

namespace ib::io {

const char* to_string(fault_kind kind) {
  switch (kind) {
  case fault_kind::actor_killed:
    return "actor_killed";
  case fault_kind::handler_threw:
    return "handler_threw";
  case fault_kind::mailbox_held:
    return "mailbox_held";
  case fault_kind::operation_failed:
    return "operation_failed";
  case fault_kind::operation_delayed:
    return "operation_delayed";
  case fault_kind::child_killed:
    return "child_killed";
  case fault_kind::pipe_held:
    return "pipe_held";
  }
  return "unknown";
}

void fault_tally::note(fault_kind kind, const std::string& where) {
  counts_[static_cast<size_t>(kind)].fetch_add(1);
  log_warning("fault injected", {{"fault", to_string(kind)}, {"where", where}});
}

} // namespace ib::io
