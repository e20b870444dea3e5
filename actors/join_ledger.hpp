#pragma once

#include "actors/domain/trace_context.hpp"

#include <atomic>
#include <string>
#include <vector>

namespace ib {

/// Somebody follows a build that was found among the running ones: for the director's books.
struct join_note {
  std::string build_id;
  std::string triggered_by;
  trace_context trace;
};

/// Joins that the director has still to count. A crowd that joins a build is written here by the threads that
/// answer it, without a lock: a message for each would wake an actor for each.
class join_ledger {
public:
  join_ledger() = default;
  ~join_ledger() { take(); }
  join_ledger(const join_ledger&) = delete;
  join_ledger& operator=(const join_ledger&) = delete;

  /// True where the director has to be told: there was nothing before. Any thread.
  bool add(join_note who);
  /// All so far, in the order they came. The director only.
  std::vector<join_note> take();

private:
  struct entry;
  std::atomic<entry*> newest_{nullptr};
};

} // namespace ib
