#pragma once

#include <atomic>
#include <memory>
#include <utility>

namespace ib {

/// A shared_ptr that one thread may replace while others copy it; its lock is held for the few instructions
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
    const guard held(lock_);
    return value_;
  }

  /// Puts `value` in and hands out what was there, so that the last reference is dropped by the caller and
  /// not while the lock is held.
  std::shared_ptr<T> exchange(std::shared_ptr<T> value) {
    const guard held(lock_);
    value_.swap(value);
    return value;
  }

private:
  /// An int and not a flag, and nobody is told where nobody waits: telling of a flag writes to a place that
  /// the library shares among all flags of the process.
  enum lock_state : int { is_free, is_held, is_awaited };

  struct guard {
    explicit guard(std::atomic<int>& lock) : lock_(lock) {
      int before = is_free;
      if (lock_.compare_exchange_strong(before, is_held, std::memory_order_acquire)) return;
      while (lock_.exchange(is_awaited, std::memory_order_acquire) != is_free)
        lock_.wait(is_awaited, std::memory_order_relaxed);
    }
    ~guard() {
      if (lock_.exchange(is_free, std::memory_order_release) == is_awaited) lock_.notify_one();
    }
    guard(const guard&) = delete;
    guard& operator=(const guard&) = delete;

    std::atomic<int>& lock_;
  };

  mutable std::atomic<int> lock_{is_free};
  std::shared_ptr<T> value_;
};

} // namespace ib
