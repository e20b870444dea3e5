#pragma once

#include "actors/domain/result.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace ib {

struct queue_limits {
  size_t running = 1;  ///< builds that run at the same time
  size_t queued = 100; ///< builds that wait beside them; more are refused
};

/// Decides which build runs next. Owners (`triggered_by`) take turns: one who queued 100 builds does not
/// delay another's first; within one owner builds run in the order they came (spec: engines.md, "Limits").
/// Pure: told of every event, asked for ids.
class queue_policy {
public:
  explicit queue_policy(queue_limits limits);
  /// Other limits from now on. Returns the builds that may run now; what runs or waits beyond the new ones
  /// stays.
  std::vector<std::string> change_limits(queue_limits limits);

  /// Admits a build. True: it may run now; false: it waits; resource_exhausted (naming the limit): the queue
  /// is full.
  result<bool> submit(const std::string& id, const std::string& owner);
  /// Takes back a build that was admitted before (after a restart): as submit(), but never refused, as many
  /// as wait.
  bool readmit(const std::string& id, const std::string& owner);
  /// Puts a build that is known to be running into the books, whatever the limit (after a restart).
  void adopt_running(const std::string& id);
  /// The build ended or was cancelled, running or queued. Returns the builds that may run now. Unknown ids
  /// change nothing.
  std::vector<std::string> release(const std::string& id);

  /// How many builds would be started before `id` if none came or left in between; empty where `id` does not
  /// wait.
  std::optional<size_t> builds_ahead(const std::string& id) const;
  /// Tells how long a run took; the mean of the last 20 makes the estimates.
  void record_duration_ms(int64_t duration_ms);
  /// Expected wait of a queued build, once a duration is known.
  std::optional<int64_t> estimate_ms(const std::string& id) const;
  /// The same of a build that has so many ahead of it.
  std::optional<int64_t> estimate_behind_ms(size_t builds_ahead) const;

  size_t running() const;
  size_t queued() const;
  /// All waiting builds in the order they would start.
  std::vector<std::string> order() const;

private:
  bool has_free_slot() const { return waiting_.empty() && running_.size() < limits_.running; }
  std::vector<std::string> fill_slots();
  std::optional<std::string> pop_next();
  std::optional<std::string> owner_of(const std::string& id) const;
  bool remove_waiting(const std::string& id);

  queue_limits limits_;
  std::set<std::string> running_;
  std::deque<std::string> turns_; ///< owners with waiting builds, the next in turn first
  std::map<std::string, std::deque<std::string>> waiting_;
  std::deque<int64_t> durations_ms_;
};

} // namespace ib
