#include "gateway/debug/ticker.hpp"

#include "actors/io/log.hpp"

#include <csignal>
#include <exception>
#include <utility>

namespace ib {

ticker::ticker(std::chrono::milliseconds interval, std::function<void()> call)
    : interval_(interval), call_(std::move(call)), thread_([this] { run(); }) {}

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
      io::log_warning("the debug endpoint cannot look around", {{"cause", e.what()}});
    }
    held.lock();
  }
}

} // namespace ib
