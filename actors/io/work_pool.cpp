#include "actors/io/work_pool.hpp"

#include <condition_variable>
#include <csignal>
#include <deque>
#include <mutex>
#include <utility>

namespace ib::io {

/// Shared with the threads, so that the owner may be destroyed by a piece of its own work. The lock is held
/// for as long as it takes to put a piece in or take one out.
struct work_pool::state {
  std::mutex lock;
  std::condition_variable changed;
  std::deque<work> waiting;
  bool stopping = false;

  /// False where nothing will come any more.
  bool take(work& piece) {
    std::unique_lock holding(lock);
    changed.wait(holding, [this] { return stopping || !waiting.empty(); });
    if (waiting.empty()) return false;
    piece = std::move(waiting.front());
    waiting.pop_front();
    return true;
  }

  void run() {
    // Signals are the main thread's business.
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, nullptr);
    for (work piece; take(piece);)
      std::exchange(piece, nullptr)();
  }
};

work_pool::work_pool(size_t threads) : state_(std::make_shared<state>()) {
  for (size_t i = 0; i < threads; ++i)
    threads_.emplace_back([state = state_] { state->run(); });
}

work_pool::~work_pool() {
  {
    std::lock_guard holding(state_->lock);
    state_->stopping = true;
  }
  state_->changed.notify_all();
  for (auto& thread : threads_)
    if (thread.get_id() == std::this_thread::get_id())
      thread.detach();
    else
      thread.join();
}

void work_pool::post(work piece) {
  auto kept = state_; // the piece may end its owner before this returns
  {
    std::lock_guard holding(kept->lock);
    if (!kept->stopping) kept->waiting.push_back(std::exchange(piece, nullptr));
  }
  if (piece) return piece();
  kept->changed.notify_one();
}

} // namespace ib::io
