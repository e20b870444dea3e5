#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace ib {

/// How often and how soon a crashed actor is started again.
struct restart_limits {
  size_t intensity = 3;        ///< restarts allowed ...
  int64_t period_ms = 60'000;  ///< ... within this time
  int64_t first_delay_ms = 0;  ///< wait before the first restart of a period
  int64_t step_delay_ms = 100; ///< wait before the second; doubled for each further one
  int64_t max_delay_ms = 5'000;
};

/// Counts the crashes of one child and says whether and when to restart it. Pure: the caller brings the time.
class restart_policy {
public:
  explicit restart_policy(restart_limits limits);

  /// A crash at `now_ms` (any monotonic origin): the delay before the restart, or nothing where the intensity
  /// is used up.
  std::optional<int64_t> on_crash(int64_t now_ms);
  /// Restarts granted in the whole life of the child.
  size_t restarts() const { return total_; }

private:
  restart_limits limits_;
  std::vector<int64_t> recent_ms_;
  size_t total_ = 0;
};

} // namespace ib
