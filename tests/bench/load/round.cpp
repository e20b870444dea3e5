#include "tests/bench/load/round.hpp"

#include <cstdio>
#include <cstdlib>

namespace ib::bench {

namespace {

constexpr std::chrono::minutes longest_round{3};

} // namespace

void finish_line::wait() {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_for(lock, longest_round, [this] { return open_ == 0; }))
    failure_ = "a round does not end: " + std::to_string(open_) + " callers are under way";
  if (failure_.empty()) return;
  // Not an exception: calls that are still under way would outlive what they belong to.
  std::fprintf(stderr, "bench_load: %s\n", failure_.c_str());
  std::_Exit(1);
}

void finish_line::leave(const std::string& why) {
  std::lock_guard guard(mutex_);
  if (failure_.empty()) failure_ = why;
  // Under the lock: the line may be gone as soon as it is given back.
  if (--open_ == 0) changed_.notify_all();
}

void stopwatch::end(round_figures& into) const {
  into.seconds = std::chrono::duration<double>(load_clock::now() - begin_).count();
  into.processor_seconds = server_.processor_seconds() - processor_;
}

} // namespace ib::bench
