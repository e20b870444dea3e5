#pragma once

#include "actors/striped.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace prometheus {
class Counter;
class Histogram;
} // namespace prometheus

namespace ib {

/// What is counted of one RPC method, as Go's middleware does it: deployed dashboards use its names. Threads
/// count without waiting for each other (prometheus-cpp's histogram has a mutex); the metrics are told when
/// they are collected.
class rpc_metrics {
public:
  static constexpr size_t codes = 17; ///< gRPC's status codes, 0 to 16
  /// Upper limits of the times' buckets in seconds, those of the deployed dashboards (spec: operations.md,
  /// "Metrics").
  static constexpr std::array limits{.005, .025, .05, .1, .5, 1., 2.5, 5., 30., 60., 120., 240., 600.};

  /// Where the counts are shown.
  struct families {
    prometheus::Counter& started;
    std::array<prometheus::Counter*, codes> handled;
    prometheus::Counter& received;
    prometheus::Counter& sent;
    prometheus::Histogram& seconds; ///< with `limits`
  };

  explicit rpc_metrics(const families& shown) : shown_(shown) {}

  // Any thread.
  void started() { count(rows_.mine().started); }
  void received() { count(rows_.mine().received); }
  void sent() { count(rows_.mine().sent); }
  /// The end of a call; a code that gRPC does not have counts as Unknown.
  void handled(size_t code, std::chrono::nanoseconds took);

  /// Adds to the metrics what was counted since the last time. Never on two threads at once.
  void tell();

private:
  using counter = std::atomic<uint64_t>;
  struct row {
    counter started;
    counter received;
    counter sent;
    counter nanoseconds;
    std::array<counter, codes> handled;
    std::array<counter, limits.size() + 1> took;
  };

  static void count(counter& what, uint64_t by = 1) { what.fetch_add(by, std::memory_order_relaxed); }
  void tell_ends();

  striped<row> rows_;
  families shown_;
};

} // namespace ib
