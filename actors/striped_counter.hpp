#pragma once

#include "actors/striped.hpp"

#include <atomic>
#include <cstdint>

namespace prometheus {
class Counter;
}

namespace ib {

/// A counter that threads count without waiting for each other; its metric is told when it is collected.
class striped_counter {
public:
  explicit striped_counter(prometheus::Counter& metric) : metric_(metric) {}

  /// Any thread.
  void increment() { counted_.mine().fetch_add(1, std::memory_order_relaxed); }
  /// Adds to the metric what was counted since the last time. Any thread.
  void tell();

private:
  striped<std::atomic<uint64_t>> counted_;
  prometheus::Counter& metric_;
};

} // namespace ib
