#pragma once

#include "actors/io/work_queue.hpp"

#include <atomic>
#include <functional>
#include <utility>

namespace ib {

/// Keeps the pruning of the layer cache apart from the builds that use it: an image that a build has just
/// found in the cache, or pushes, must not vanish under it. Builds come in together; the pruner comes in
/// alone, only where no build is in, and lets a build that comes wait for no more than the image it is
/// removing. Nobody blocks.
class store_gate {
public:
  /// A build: `in` is called, once, when it is in: at once, or by the pruner as it leaves.
  void enter(std::function<void()> in) {
    ++coming_;
    come(std::move(in));
  }
  void leave() { inside_.fetch_sub(1); }

  /// The pruner: true where it is in, alone.
  bool enter_alone() {
    int nobody = 0;
    return inside_.compare_exchange_strong(nobody, pruning);
  }
  void leave_alone() {
    inside_.store(0);
    let_in();
  }
  /// True where a build waits for the pruner.
  bool awaited() const { return coming_ > 0; }

private:
  static constexpr int pruning = -1;

  void come(std::function<void()> in) {
    for (auto now = inside_.load(); now != pruning;) {
      if (!inside_.compare_exchange_weak(now, now + 1)) continue;
      --coming_;
      return in();
    }
    waiting_.push([this, in = std::move(in)](bool alive) {
      if (alive) come(in);
    });
    // The pruner may have left before it could see who waits.
    if (inside_ != pruning) let_in();
  }

  void let_in() {
    for (auto& piece : waiting_.take_all())
      piece(true);
  }

  std::atomic<int> inside_{0}; ///< builds that are in, or `pruning`
  std::atomic<int> coming_{0};
  io::work_queue waiting_;
};

/// The stay of a build that was let in.
class store_visit {
public:
  explicit store_visit(store_gate& gate) : gate_(gate) {}
  ~store_visit() { gate_.leave(); }
  store_visit(const store_visit&) = delete;
  store_visit& operator=(const store_visit&) = delete;

private:
  store_gate& gate_;
};

} // namespace ib
