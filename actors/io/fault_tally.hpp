#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>

namespace ib::io {

/// The kinds of faults that can be injected.
enum class fault_kind : uint8_t {
  actor_killed,
  handler_threw,
  mailbox_held,
  operation_failed,
  operation_delayed,
  child_killed,
  pipe_held,
};
inline constexpr size_t fault_kinds = 7;

/// The name of a kind, as it is logged and counted.
const char* to_string(fault_kind kind);

/// How many faults were injected, each of them logged. Any thread.
class fault_tally {
public:
  /// `where`: the actor's path, the build's id or the kind of operation.
  void note(fault_kind kind, const std::string& where);
  uint64_t count(fault_kind kind) const { return counts_[static_cast<size_t>(kind)].load(); }

private:
  std::array<std::atomic<uint64_t>, fault_kinds> counts_{};
};

} // namespace ib::io
