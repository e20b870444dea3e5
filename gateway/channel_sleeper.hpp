#pragma once

#include "actors/build_channel.hpp"
#include "gateway/http/exchange.hpp"

#include <memory>
#include <utility>

namespace ib {

/// A channel's reader that waits for its connection's turn.
class channel_sleeper final : public channel_waiter {
public:
  explicit channel_sleeper(std::shared_ptr<http::waker> who) : who_(std::move(who)) {}
  void wake() override { who_->wake(); }

private:
  std::shared_ptr<http::waker> who_;
};

} // namespace ib
