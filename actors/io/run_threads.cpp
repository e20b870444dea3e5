#include "actors/io/run_threads.hpp"

#include "actors/io/log.hpp"

#include <exception>

namespace ib::io {

namespace {

/// One for as long as it lives. A waiter may be gone right after the last one: only the shared count is
/// touched then.
class presence {
public:
  explicit presence(std::shared_ptr<std::atomic<int>> count) : count_(std::move(count)) {
    count_->fetch_add(1);
  }
  presence(const presence&) = delete;
  presence& operator=(const presence&) = delete;
  ~presence() {
    count_->fetch_sub(1);
    count_->notify_all();
  }

private:
  std::shared_ptr<std::atomic<int>> count_;
};

/// In a frame of its own: when it is at its end, so is all that the work held.
task<result<void>> guarded(task<result<void>> work) {
  try {
    auto done = co_await work;
    co_return done;
  } catch (const std::exception& thrown) {
    log_error("a task has failed", {{"cause", thrown.what()}});
  }
  co_return result<void>();
}

detail::detached carry_out(std::shared_ptr<task<result<void>>> work, std::shared_ptr<presence> here) {
  {
    auto all = guarded(std::move(*work));
    work.reset();
    auto done = co_await all;
    static_cast<void>(done);
  }
  here.reset();
}

} // namespace

void run_threads::start(task<result<void>> work) {
  auto here = std::make_shared<presence>(alive_);
  auto begun = std::make_shared<task<result<void>>>(std::move(work));
  pool_.post([begun = std::move(begun), here = std::move(here)]() mutable {
    carry_out(std::move(begun), std::move(here));
  });
}

void run_threads::wait() const {
  for (auto left = alive_->load(); left > 0; left = alive_->load())
    alive_->wait(left);
}

task<result<void>> run_threads::meet(fault_points* points, fault_place place, std::stop_token stop) {
  if (points == nullptr) co_return result<void>();
  auto fault = points->next(place);
  if (fault.delay.count() > 0) {
    auto pause = sleep(fault.delay, stop);
    auto whole = co_await pause;
    if (!whole) co_return error{error_code::cancelled, "stopped", "", {}};
  }
  if (fault.failure) co_return *fault.failure;
  co_return result<void>();
}

} // namespace ib::io
