#include "actors/io/child_loop.hpp"

#include <atomic>
#include <csignal>
#include <utility>

namespace ib::io {

/// Shared with the thread, so that its owner may be destroyed by one of its callbacks.
struct child_loop::state {
  child_table table;
  std::atomic<bool> stopping{false};

  void run() {
    // Signals are the main thread's business.
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, nullptr);
    while (!stopping)
      table.turn();
    table.close();
    while (!table.is_empty())
      table.turn();
    table.refuse();
  }
};

child_loop::child_loop() : state_(std::make_shared<state>()) {
  thread_ = std::thread([state = state_] { state->run(); });
}

child_loop::~child_loop() {
  state_->stopping = true;
  state_->table.wake();
  if (thread_.get_id() == std::this_thread::get_id())
    thread_.detach();
  else
    thread_.join();
}

void child_loop::run(process_spec spec, std::stop_token stop, child_table::ended done) {
  state_->table.post([table = &state_->table, spec = std::move(spec), stop = std::move(stop),
                      done = std::move(done)](bool alive) mutable {
    if (!alive) return done(error{error_code::cancelled, "stopped: nothing is run any more"});
    table->run(std::move(spec), std::move(stop), std::move(done));
  });
}

void child_loop::wait(std::chrono::milliseconds duration, std::stop_token stop, child_table::slept done) {
  state_->table.post(
      [table = &state_->table, duration, stop = std::move(stop), done = std::move(done)](bool alive) mutable {
        if (!alive) return done(false);
        table->wait(duration, std::move(stop), std::move(done));
      });
}

std::function<void()> child_loop::waker() const {
  return [state = state_] { state->table.wake(); };
}

} // namespace ib::io
