#pragma once

#include <functional>
#include <memory>
#include <thread>

namespace ib::io {

/// A thread for work that blocks. Pieces run one after the other, in the order they came; each is called
/// exactly once: with true on the thread, or with false where the thread has stopped or never started.
class worker_thread {
public:
  using work = std::function<void(bool alive)>;

  worker_thread();
  ~worker_thread();
  worker_thread(const worker_thread&) = delete;
  worker_thread& operator=(const worker_thread&) = delete;

  /// Any thread.
  void post(work piece);

  /// Waits for the piece that runs; what is left is called with false. On the thread itself it returns at
  /// once, and the thread ends after the piece. Idempotent; not to be called twice at a time.
  void stop();

private:
  struct state;

  std::shared_ptr<state> state_;
  std::thread thread_;
};

} // namespace ib::io
