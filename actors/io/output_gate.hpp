#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <utility>

namespace ib::io {

/// Counts the output of a run that is not yet in the log, so that whoever reads the run's pipes can leave
/// them alone meanwhile: the child then waits in its pipe and memory stays bounded. It is full above `high`
/// outstanding bytes; who was held back by that goes on once no more than `low` are left, or the gate was
/// opened for good. Any thread; nobody waits in here.
class output_gate {
public:
  static constexpr size_t high = 4 * 1024 * 1024;
  static constexpr size_t low = 1024 * 1024;

  /// `on_room` is called, from any thread, whenever somebody who was held back may go on.
  explicit output_gate(std::function<void()> on_room = {}) : on_room_(std::move(on_room)) {}

  /// Reader: hands `bytes` on.
  void enter(size_t bytes) { outstanding_.fetch_add(bytes); }
  bool is_full() const { return outstanding_ > high && !open_; }
  bool has_room() const { return outstanding_ <= low || open_; }

  /// Anyone: `bytes` are in the log.
  void leave(size_t bytes) {
    auto before = outstanding_.fetch_sub(bytes);
    // Not for each piece that is taken, only for the one that a reader may wait for.
    if (before > low && before - bytes <= low) tell();
  }

  /// Nobody will be held back any more (the run is being stopped).
  void open() {
    open_ = true;
    tell();
  }

private:
  void tell() const {
    if (on_room_) on_room_();
  }

  std::atomic<size_t> outstanding_{0};
  std::atomic<bool> open_{false};
  std::function<void()> on_room_;
};

} // namespace ib::io
