#pragma once

#include "gateway/http/exchange.hpp"
#include "gateway/http/loop.hpp"

#include <atomic>
#include <cstdint>
#include <memory>

namespace ib::http {

class connection;

/// The reply to one request of a connection. Holds the connection weakly, so that a reply which nobody gives
/// keeps no connection.
class reply_slip final : public reply {
public:
  reply_slip(std::shared_ptr<loop> events, std::weak_ptr<connection> to, uint64_t number);
  ~reply_slip() override;
  reply_slip(const reply_slip&) = delete;
  reply_slip& operator=(const reply_slip&) = delete;

  void answer(response whole) override;
  void stream(response head, std::unique_ptr<body_source> body) override;

private:
  std::shared_ptr<loop> events_;
  std::weak_ptr<connection> to_;
  uint64_t number_;
  std::atomic<bool> given_{false};
};

/// Wakes a connection's parked stream.
class stream_waker final : public waker {
public:
  stream_waker(std::shared_ptr<loop> events, std::weak_ptr<connection> sleeper);
  void wake() override;

private:
  struct state {
    std::weak_ptr<connection> sleeper;
    std::atomic<bool> posted{false}; ///< many wakings before the thread gets to it are one
  };
  std::shared_ptr<loop> events_;
  std::shared_ptr<state> state_;
};

} // namespace ib::http
