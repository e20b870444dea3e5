#pragma once

#include "actors/domain/result.hpp"
#include "actors/io/http_client.hpp"

#include <chrono>
#include <coroutine>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ib::io {

/// A token that one caller fetches and others wait for; on the client's thread alone.
class pending_token {
public:
  using clock = std::chrono::steady_clock;
  using outcome = result<std::string>;

  /// Gives the outcome to everybody who waits.
  void settle(const outcome& value) {
    for (auto& waiter : std::exchange(waiters_, {}))
      waiter->finish(value);
  }

  /// Awaitable: the outcome; `deadline_exceeded` at the waiter's own deadline, `cancelled` where the client
  /// stops.
  class wait;

private:
  struct waiter {
    void finish(const outcome& value) {
      if (value_) return;
      value_.emplace(value);
      awaiting_.resume();
    }
    std::coroutine_handle<> awaiting_;
    std::optional<outcome> value_;
  };

  std::vector<std::shared_ptr<waiter>> waiters_;
};

class pending_token::wait {
public:
  wait(std::shared_ptr<pending_token> pending, http_client& client, clock::time_point deadline)
      : pending_(std::move(pending)), client_(client), deadline_(deadline) {}
  wait(const wait&) = delete;
  wait& operator=(const wait&) = delete;

  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> awaiting) {
    waiter_->awaiting_ = awaiting;
    pending_->waiters_.push_back(waiter_);
    auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline_ - clock::now());
    client_.after(std::max(left, std::chrono::milliseconds(1)), [waiter = waiter_](const result<void>& end) {
      waiter->finish(end ? error{error_code::deadline_exceeded, "no token in time"} : end.error());
    });
  }
  outcome await_resume() { return *waiter_->value_; }

private:
  std::shared_ptr<pending_token> pending_;
  http_client& client_;
  clock::time_point deadline_;
  std::shared_ptr<waiter> waiter_ = std::make_shared<waiter>();
};

} // namespace ib::io
