#pragma once

#include <atomic>
#include <functional>
#include <memory>

namespace ib {

/// The engine's worker threads: detached, but counted, so that the process can wait for the last before it
/// exits and no child outlives it.
class worker_threads {
public:
  /// Runs `work` on a thread of its own. What `work` holds is released before the thread counts as gone.
  /// Throws std::system_error where no thread can be had.
  void start(std::function<void()> work);
  /// Returns when no worker is left.
  void wait() const;

private:
  std::shared_ptr<std::atomic<int>> alive_ = std::make_shared<std::atomic<int>>(0);
};

} // namespace ib
