#pragma once

#include "actors/io/http_client.hpp"
#include "actors/io/task.hpp"

#include <chrono>
#include <coroutine>
#include <optional>
#include <utility>

namespace ib::io {

/// Awaitable: sends a request; see http_client::send for results and errors.
class http_exchange {
public:
  http_exchange(http_client& client, http_request request) : client_(client), request_(std::move(request)) {}
  http_exchange(const http_exchange&) = delete;
  http_exchange& operator=(const http_exchange&) = delete;

  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> awaiting) {
    client_.send(std::move(request_), [this, awaiting](result<http_response> outcome) {
      outcome_.emplace(std::move(outcome));
      awaiting.resume();
    });
  }
  result<http_response> await_resume() { return std::move(*outcome_); }

private:
  http_client& client_;
  http_request request_;
  std::optional<result<http_response>> outcome_;
};

/// Awaitable: waits on the client's thread without blocking it; `cancelled` where the client stops.
class http_delay {
public:
  http_delay(http_client& client, std::chrono::milliseconds delay) : client_(client), delay_(delay) {}
  http_delay(const http_delay&) = delete;
  http_delay& operator=(const http_delay&) = delete;

  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> awaiting) {
    client_.after(delay_, [this, awaiting](result<void> outcome) {
      outcome_ = std::move(outcome);
      awaiting.resume();
    });
  }
  result<void> await_resume() { return std::move(outcome_); }

private:
  http_client& client_;
  std::chrono::milliseconds delay_;
  result<void> outcome_;
};

} // namespace ib::io
