#pragma once

#include <array>
#include <atomic>
#include <cstddef>

namespace ib {

/// The calling thread's number: 0 for the first that asked, 1 for the next.
inline size_t thread_number() {
  static std::atomic<size_t> next{0};
  thread_local const size_t mine = next.fetch_add(1, std::memory_order_relaxed);
  return mine;
}

/// One T for each of a few groups of threads, on cache lines of its own: what all threads write all the time
/// costs each of them what it would cost one alone. Threads meet in one T where there are more of them than
/// stripes, so that it has to be safe for any thread all the same.
template <class T>
class striped {
public:
  static constexpr size_t stripes = 8;

  T& mine() { return cells_.at(thread_number() % stripes).value; }
  const T& mine() const { return cells_.at(thread_number() % stripes).value; }
  /// Calls `look` with each T.
  template <class Look>
  void each(Look look) {
    for (auto& cell : cells_)
      look(cell.value);
  }

private:
  struct alignas(64) cell {
    T value{};
  };

  std::array<cell, stripes> cells_;
};

} // namespace ib
