#include "actors/io/worker_thread.hpp"

#include "actors/io/log.hpp"
#include "actors/io/work_queue.hpp"

#include <atomic>
#include <csignal>
#include <system_error>
#include <utility>

namespace ib::io {

/// Shared with the thread, so that its owner may be destroyed by a piece of its own work.
struct worker_thread::state {
  work_queue queue;
  std::atomic<int> calls{0}; ///< changes whenever the thread has to look
  std::atomic<bool> stopping{false};

  void wake() {
    ++calls;
    calls.notify_one();
  }

  void run() {
    // Signals are the main thread's business.
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, nullptr);
    while (!stopping) {
      auto seen = calls.load();
      for (auto& piece : queue.take_all())
        std::exchange(piece, nullptr)(!stopping);
      if (queue.empty() && !stopping) calls.wait(seen);
    }
    queue.close();
  }
};

worker_thread::worker_thread() : state_(std::make_shared<state>()) {
  try {
    thread_ = std::thread([state = state_] { state->run(); });
  } catch (const std::system_error& e) {
    log_error("cannot start a worker thread; its work will fail", {{"cause", e.what()}});
    state_->queue.close();
  }
}

worker_thread::~worker_thread() { stop(); }

void worker_thread::post(work piece) {
  auto kept = state_; // the piece may end its owner before this returns
  kept->queue.push(std::move(piece));
  kept->wake();
}

void worker_thread::stop() {
  if (!thread_.joinable()) return;
  state_->stopping = true;
  state_->wake();
  if (thread_.get_id() == std::this_thread::get_id())
    thread_.detach();
  else
    thread_.join();
}

} // namespace ib::io
