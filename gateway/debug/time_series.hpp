#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace ib {

/// What was measured at one moment, by name.
using sample_values = std::map<std::string, double>;

/// The last minutes of some values, in memory: a point every few seconds. Any thread.
class time_series {
public:
  /// `points` are kept of each value.
  explicit time_series(size_t points) : points_(points) {}

  void add(int64_t at_ms, const sample_values& values);

  struct snapshot {
    std::vector<int64_t> times_ms;                     ///< unix milliseconds, oldest first
    std::map<std::string, std::vector<double>> values; ///< each as long as times_ms; NaN where there was none
    uint64_t last = 0;                                 ///< number of the newest point, counted from the start
  };
  snapshot read() const;
  /// The number of the newest point: changes when there is a new one.
  uint64_t last() const;

private:
  struct point {
    int64_t at_ms = 0;
    sample_values values;
  };
  const size_t points_;
  mutable std::mutex lock_;
  std::deque<point> kept_;
  uint64_t last_ = 0;
};

/// Turns a count that only grows into its growth per second.
class rate_of {
public:
  /// The growth since the last call; 0 at the first, and where the count began anew.
  double per_second(double count, int64_t now_ms);

private:
  double count_ = 0;
  int64_t at_ms_ = 0;
};

} // namespace ib
