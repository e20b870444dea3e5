#pragma once

#include <atomic>

namespace ib {

/// Keeps the pruning of the layer cache apart from the builds that use it: an image that a build has just
/// found in the cache, or pushes, must not vanish under it. Builds come in together; the pruner comes in
/// alone, only where no build is in, and lets a build that comes wait for no more than the image it is
/// removing.
class store_gate {
public:
  /// A build: waits while the pruner is in.
  void enter() {
    ++coming_;
    for (auto now = inside_.load();;) {
      if (now == pruning)
        inside_.wait(now), now = inside_.load();
      else if (inside_.compare_exchange_weak(now, now + 1))
        break;
    }
    --coming_;
  }
  void leave() { inside_.fetch_sub(1); }

  /// The pruner: true where it is in, alone.
  bool enter_alone() {
    int nobody = 0;
    return inside_.compare_exchange_strong(nobody, pruning);
  }
  void leave_alone() {
    inside_.store(0);
    inside_.notify_all();
  }
  /// True where a build waits for the pruner.
  bool awaited() const { return coming_ > 0; }

private:
  static constexpr int pruning = -1;

  std::atomic<int> inside_{0}; ///< builds that are in, or `pruning`
  std::atomic<int> coming_{0};
};

/// A build's stay.
class store_visit {
public:
  explicit store_visit(store_gate& gate) : gate_(gate) { gate_.enter(); }
  ~store_visit() { gate_.leave(); }
  store_visit(const store_visit&) = delete;
  store_visit& operator=(const store_visit&) = delete;

private:
  store_gate& gate_;
};

} // namespace ib
