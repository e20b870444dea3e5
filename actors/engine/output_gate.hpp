#pragma once

#include <atomic>
#include <cstddef>

namespace ib {

/// Holds a run's worker back while too much of its output is not yet in the log: the child then waits in its
/// pipe and memory stays bounded. Above `high` outstanding bytes enter() waits until they fall below `low` or
/// the gate is opened for good.
class output_gate {
public:
  static constexpr size_t high = 4 * 1024 * 1024;
  static constexpr size_t low = 1024 * 1024;

  /// Worker: before handing `bytes` on.
  void enter(size_t bytes) {
    auto now = outstanding_.fetch_add(bytes) + bytes;
    if (now <= high) return;
    while (now > low && !open_) {
      outstanding_.wait(now);
      now = outstanding_.load();
    }
  }

  /// Anyone: `bytes` are in the log.
  void leave(size_t bytes) {
    auto before = outstanding_.fetch_sub(bytes);
    // The worker is not woken for each piece that is taken, only for the one that it waits for.
    if (before > low && before - bytes <= low) outstanding_.notify_all();
  }

  /// Nobody will be held back any more (the run is being stopped).
  void open() {
    open_ = true;
    // A changed value is what wakes the waiter; by so much that no leave() can change it back.
    outstanding_.fetch_add(size_t{1} << 40);
    outstanding_.notify_all();
  }

private:
  std::atomic<size_t> outstanding_{0};
  std::atomic<bool> open_{false};
};

} // namespace ib
