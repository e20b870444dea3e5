#pragma once

#include "actors/io/child_loop.hpp"
#include "actors/io/fault_points.hpp"
#include "actors/io/pool_await.hpp"
#include "actors/io/task.hpp"
#include "actors/io/work_pool.hpp"

#include <atomic>
#include <chrono>
#include <exception>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <stop_token>
#include <thread>
#include <type_traits>
#include <utility>

namespace ib::io {

/// The threads that all runs share: one waits for children and times (child_loop), two do what blocks
/// shortly (work_pool). A run is a task: while it waits it holds its coroutine frames and no thread. The
/// tasks are counted, so that the process can wait for the last before it exits and no child outlives it.
class run_threads {
public:
  run_threads() = default;
  run_threads(const run_threads&) = delete;
  run_threads& operator=(const run_threads&) = delete;

  /// Begins a task in the pool. What it holds is released before it counts as gone; an exception of it is
  /// logged.
  void start(task<result<void>> work);
  /// Blocks until no task is left.
  void wait() const;

  // For tasks, which go on in the pool:

  /// Awaitable: runs a child to its end, as run_process does.
  auto run(process_spec spec, std::stop_token stop) {
    return call<result<process_result>>(
        [this, spec = std::move(spec), stop = std::move(stop)](child_table::ended done) mutable {
          children_.run(std::move(spec), std::move(stop), std::move(done));
        });
  }
  /// Awaitable: waits for `duration`; false where it was stopped before.
  auto sleep(std::chrono::milliseconds duration, std::stop_token stop) {
    return call<bool>([this, duration, stop = std::move(stop)](child_table::slept done) {
      children_.wait(duration, stop, std::move(done));
    });
  }
  /// Awaitable: waits until somebody requests a stop.
  pool_until until(std::stop_token token) { return {pool_, std::move(token)}; }
  /// Awaitable: starts a call that answers by a callback; see pool_call.
  template <class T, class Call>
  pool_call<T, Call> call(Call work) {
    return {pool_, std::move(work)};
  }
  /// Awaitable: does what may block for long on a thread of its own, which lives for as long as that takes.
  /// The work must not throw. Throws std::system_error where no thread can be had.
  template <class Work>
  auto on_own_thread(Work work) {
    using answer = std::invoke_result_t<Work&>;
    return call<answer>([work = std::move(work)](std::function<void(answer)> done) mutable {
      std::thread([work = std::move(work), done = std::move(done)]() mutable { done(work()); }).detach();
    });
  }
  /// Awaitable: meet_faults without blocking.
  task<result<void>> meet(fault_points* points, fault_place place, std::stop_token stop);

  /// What an output_gate is to call when it has room again.
  std::function<void()> waker() const { return children_.waker(); }

private:
  std::shared_ptr<std::atomic<int>> alive_ = std::make_shared<std::atomic<int>>(0);
  work_pool pool_{2};
  child_loop children_; ///< gone before the pool, to which its callbacks go
};

namespace detail {

template <class T>
detached deliver(task<T> work, std::shared_ptr<std::promise<T>> answer) {
  std::optional<T> outcome;
  std::exception_ptr thrown;
  {
    auto all = std::move(work); // gone before the caller is told, whose own may be used in it
    try {
      auto value = co_await all;
      outcome.emplace(std::move(value));
    } catch (...) {
      thrown = std::current_exception();
    }
  }
  if (outcome)
    answer->set_value(std::move(*outcome));
  else
    answer->set_exception(thrown);
}

} // namespace detail

/// For callers that may block and are in no pool: carries a task out; its value, or what it throws.
template <class T>
T wait_for(task<T> work) {
  auto answer = std::make_shared<std::promise<T>>();
  auto future = answer->get_future();
  detail::deliver<T>(std::move(work), std::move(answer));
  return future.get();
}

} // namespace ib::io
