#pragma once

#include "actors/domain/result.hpp"

#include <coroutine>
#include <exception>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

namespace ib::io {

/// A coroutine that computes a T: starts when it is awaited, resumes its awaiter when it has returned. What
/// it held is gone once it was awaited, however long its awaiter goes on. All coroutines of one client run on
/// that client's thread. Kept simple for the compiler's sake: parameters by value, results bound to a named
/// local, no coroutine that is a lambda with captures.
template <class T>
class [[nodiscard]] task {
public:
  struct promise_type {
    struct final_awaiter {
      bool await_ready() const noexcept { return false; }
      std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> self) const noexcept {
        return self.promise().awaiting;
      }
      void await_resume() const noexcept {}
    };

    task get_return_object() { return task(std::coroutine_handle<promise_type>::from_promise(*this)); }
    std::suspend_always initial_suspend() const noexcept { return {}; }
    final_awaiter final_suspend() const noexcept { return {}; }
    void return_value(T result) { value.emplace(std::move(result)); }
    void unhandled_exception() noexcept { thrown = std::current_exception(); }

    std::optional<T> value;
    std::exception_ptr thrown;
    std::coroutine_handle<> awaiting;
  };

  explicit task(std::coroutine_handle<promise_type> self) : self_(self) {}
  task(task&& other) noexcept : self_(std::exchange(other.self_, nullptr)) {}
  task& operator=(task&&) = delete;
  ~task() {
    if (self_) self_.destroy();
  }

  bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiting) noexcept {
    self_.promise().awaiting = awaiting;
    return self_;
  }
  T await_resume() {
    if (self_.promise().thrown) std::rethrow_exception(self_.promise().thrown);
    auto value = std::move(*self_.promise().value);
    std::exchange(self_, nullptr).destroy();
    return value;
  }

private:
  std::coroutine_handle<promise_type> self_;
};

namespace detail {

/// A coroutine nobody awaits; it frees itself.
struct detached {
  struct promise_type {
    detached get_return_object() const { return {}; }
    std::suspend_never initial_suspend() const noexcept { return {}; }
    std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const {}
    void unhandled_exception() const noexcept { std::terminate(); }
  };
};

template <class T>
detached drive(task<result<T>> work, std::function<void(result<T>)> done) {
  std::optional<result<T>> outcome;
  try {
    auto value = co_await work;
    outcome.emplace(std::move(value));
  } catch (const std::exception& e) {
    outcome.emplace(error{error_code::internal, e.what()});
  }
  done(std::move(*outcome));
}

} // namespace detail

/// Starts a task on this thread; `done` gets its result, an exception as `internal`.
template <class T>
void start(task<result<T>> work, std::function<void(result<T>)> done) {
  detail::drive<T>(std::move(work), std::move(done));
}

/// Awaitable: runs several tasks of one thread side by side, gives all results in the order of the tasks.
template <class T>
class gather {
public:
  explicit gather(std::vector<task<result<T>>> parts) : parts_(std::move(parts)), results_(parts_.size()) {}
  gather(const gather&) = delete;
  gather& operator=(const gather&) = delete;

  bool await_ready() const { return parts_.empty(); }
  bool await_suspend(std::coroutine_handle<> awaiting) {
    awaiting_ = awaiting;
    missing_ = parts_.size() + 1; // one for this function: a part that ends at once must not resume yet
    for (size_t i = 0; i < parts_.size(); ++i)
      start<T>(std::move(parts_[i]), [this, i](result<T> value) {
        results_[i].emplace(std::move(value));
        if (--missing_ == 0) awaiting_.resume();
      });
    return --missing_ != 0;
  }
  std::vector<result<T>> await_resume() {
    std::vector<result<T>> values;
    for (auto& value : results_)
      values.push_back(std::move(*value));
    return values;
  }

private:
  std::vector<task<result<T>>> parts_;
  std::vector<std::optional<result<T>>> results_;
  std::coroutine_handle<> awaiting_;
  size_t missing_ = 0;
};

} // namespace ib::io
