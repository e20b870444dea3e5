#pragma once

#include "actors/build_channel.hpp"
#include "gateway/http/exchange.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace ib {

/// A build's log as plain bytes, from an offset on and then as it grows, until the build ends.
class plain_log final : public http::body_source {
public:
  /// `log` has all of the channel's.
  plain_log(channel_ptr channel, log_buffer::pin log, uint64_t from)
      : channel_(std::move(channel)), log_(std::move(log)), cursor_(channel_->log().at(from)) {}

  http::pulled next(std::string& piece) override;
  bool park(const std::shared_ptr<http::waker>& who) override;

private:
  channel_ptr channel_;
  log_buffer::pin log_;
  log_buffer::cursor cursor_;
  std::shared_ptr<channel_waiter> sleeper_; ///< what is parked
};

} // namespace ib
