#pragma once

#include "actors/io/fault_tally.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

namespace ib::io {

/// What an actor throws because a fault was injected.
class injected_fault : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// When an injected exception comes: before the handler does anything, or after it has done everything but
/// answer.
enum class throw_moment : uint8_t { before, after };

/// What one actor shows of itself, and where faults are injected into it. The actor alone calls
/// begin_message() and end_message(); everything else may be called on any thread. Costs an actor that nobody
/// troubles a few relaxed stores per message.
class actor_probe {
public:
  actor_probe(std::string path, std::shared_ptr<fault_tally> faults)
      : path_(std::move(path)), faults_(std::move(faults)) {}

  /// The actor takes a message; `waiting` more are in its mailbox. Throws injected_fault where that was asked
  /// for.
  void begin_message(size_t waiting) {
    // One writer: no read-modify-write is needed.
    handled_.store(handled_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    waiting_.store(waiting, std::memory_order_relaxed);
    last_ms_.store(coarse_ms(), std::memory_order_relaxed);
    busy_.store(true, std::memory_order_relaxed);
    if (armed_.load(std::memory_order_relaxed)) throw_where_due(throw_moment::before);
  }

  /// The message is handled, but for its answer. Throws as begin_message(). Returns for how many milliseconds
  /// the mailbox is to stand still now, 0 for not at all.
  int64_t end_message() {
    busy_.store(false, std::memory_order_relaxed);
    if (!armed_.load(std::memory_order_relaxed)) return 0;
    throw_where_due(throw_moment::after);
    return hold_where_due();
  }

  const std::string& path() const { return path_; }
  uint64_t handled() const { return handled_.load(std::memory_order_relaxed); }
  size_t waiting() const { return waiting_.load(std::memory_order_relaxed); }
  bool busy() const { return busy_.load(std::memory_order_relaxed); }
  /// When it took its last message, milliseconds of the monotonic clock; 0 before the first.
  int64_t last_ms() const { return last_ms_.load(std::memory_order_relaxed); }

  /// Counts messages per second from now on, `seconds` after the last call. One caller at a time.
  void measure(double seconds) {
    auto now = handled();
    auto rate = static_cast<double>(now - std::exchange(measured_, now)) / seconds;
    per_second_.store(static_cast<float>(rate), std::memory_order_relaxed);
  }
  /// As last measured; 0 before.
  double per_second() const { return per_second_.load(std::memory_order_relaxed); }

  /// Makes the next `count` handlers throw.
  void arm_throw(uint32_t count, throw_moment when);
  /// Makes the mailbox stand still for `hold_ms` after each of the next `count` messages.
  void arm_hold(uint32_t count, int64_t hold_ms);
  /// Nothing is to be done to it any more.
  void disarm();

  /// Milliseconds of the monotonic clock, some of them late and cheap.
  static int64_t coarse_ms() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
  }

private:
  void throw_where_due(throw_moment when);
  int64_t hold_where_due();

  const std::string path_;
  const std::shared_ptr<fault_tally> faults_;
  std::atomic<uint64_t> handled_{0};
  std::atomic<size_t> waiting_{0};
  std::atomic<int64_t> last_ms_{0};
  uint64_t measured_ = 0; ///< messages that are in a rate
  std::atomic<float> per_second_{0};
  std::atomic<bool> busy_{false};
  std::atomic<bool> armed_{false};
  std::atomic<uint32_t> throws_before_{0};
  std::atomic<uint32_t> throws_after_{0};
  std::atomic<uint32_t> holds_{0};
  std::atomic<int64_t> hold_ms_{0};
};

} // namespace ib::io
