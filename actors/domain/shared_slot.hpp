#pragma once

#include <atomic>
#include <memory>
#include <utility>

namespace ib {

/// A shared_ptr that one thread may replace while others copy it; the flag is held for the few instructions
/// of a copy or swap.
///
/// It stands in for std::atomic<std::shared_ptr>, which libstdc++ 12 implements the same way, but lets
/// readers give its lock bit back with relaxed order: no happens-before edge from a reader to the next
/// writer, and ThreadSanitizer rightly reports it.
template <class T>
class shared_slot {
public:
  shared_slot() = default;
  explicit shared_slot(std::shared_ptr<T> value) : value_(std::move(value)) {}

  std::shared_ptr<T> load() const {
    const guard held(busy_);
    return value_;
  }

  /// Puts `value` in and hands out what was there, so that the last reference is dropped by the caller and
  /// not while the flag is held.
  std::shared_ptr<T> exchange(std::shared_ptr<T> value) {
    const guard held(busy_);
    value_.swap(value);
    return value;
  }

private:
  struct guard {
    explicit guard(std::atomic_flag& flag) : flag_(flag) {
      while (flag_.test_and_set(std::memory_order_acquire))
        flag_.wait(true, std::memory_order_relaxed);
    }
    ~guard() {
      flag_.clear(std::memory_order_release);
      flag_.notify_one();
    }
    guard(const guard&) = delete;
    guard& operator=(const guard&) = delete;

    std::atomic_flag& flag_;
  };

  mutable std::atomic_flag busy_;
  std::shared_ptr<T> value_;
};

} // namespace ib
