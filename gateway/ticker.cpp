#include "gateway/ticker.hpp"

#include "actors/io/log.hpp"

#include <csignal>
#include <exception>
#include <utility>

namespace ib {

ticker::ticker(std::chrono::milliseconds interval, std::string complaint, std::function<void()> call)
    : interval_(interval),
      complaint_(std::move(complaint)),
      call_(std::move(call)),
      thread_([this] { run(); }) {}

ticker::~ticker() {
  {
    std::lock_guard held(lock_);
    stopping_ = true;
  }
  stop_.notify_all();
  thread_.join();
}

void ticker::run() {
  // Signals are the main thread's business.
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, nullptr);
  std::unique_lock held(lock_);
  while (!stop_.wait_for(held, interval_, [this] { return stopping_; })) {
    held.unlock();
    try {
      call_();
    } catch (const std::exception& e) {
      io::log_warning(complaint_, {{"cause", e.what()}});
    }
    held.lock();
  }
}

} // namespace ib
