#pragma once

#include "actors/io/work_pool.hpp"

#include <atomic>
#include <coroutine>
#include <functional>
#include <optional>
#include <stop_token>
#include <utility>

namespace ib::io {

namespace detail {

/// Where the start of a wait and its end, on whatever threads, meet: whoever comes second goes on. So nobody
/// touches what waits after it may have gone on, and an end that comes at once needs no other thread.
class meeting {
public:
  /// The one that waits; false where the end has come already.
  bool suspends() { return !met_.exchange(true); }
  /// The one that ends the wait.
  void end(work_pool& pool, std::coroutine_handle<> awaiting) {
    if (met_.exchange(true)) pool.post([awaiting] { awaiting.resume(); });
  }

private:
  std::atomic<bool> met_{false};
};

} // namespace detail

/// Awaitable: starts a call that answers by a callback, once, on whatever thread, and goes on in the pool
/// with the answer. What the call throws is thrown to whoever awaits; it must not answer then.
template <class T, class Call>
class [[nodiscard]] pool_call {
public:
  pool_call(work_pool& pool, Call call) : pool_(pool), call_(std::move(call)) {}
  pool_call(const pool_call&) = delete;
  pool_call& operator=(const pool_call&) = delete;

  bool await_ready() const { return false; }
  bool await_suspend(std::coroutine_handle<> awaiting) {
    call_([this, awaiting](T answer) {
      answer_.emplace(std::move(answer));
      meeting_.end(pool_, awaiting);
    });
    return meeting_.suspends();
  }
  T await_resume() { return std::move(*answer_); }

private:
  work_pool& pool_;
  Call call_;
  std::optional<T> answer_;
  detail::meeting meeting_;
};

/// Awaitable: goes on in the pool once a stop is requested; there must be somebody who will.
class [[nodiscard]] pool_until {
public:
  pool_until(work_pool& pool, std::stop_token token) : pool_(pool), token_(std::move(token)) {}
  pool_until(const pool_until&) = delete;
  pool_until& operator=(const pool_until&) = delete;

  bool await_ready() const { return token_.stop_requested(); }
  bool await_suspend(std::coroutine_handle<> awaiting) {
    callback_.emplace(token_, [this, awaiting] { meeting_.end(pool_, awaiting); });
    return meeting_.suspends();
  }
  void await_resume() { callback_.reset(); }

private:
  work_pool& pool_;
  std::stop_token token_;
  std::optional<std::stop_callback<std::function<void()>>> callback_;
  detail::meeting meeting_;
};

} // namespace ib::io
