#pragma once

#include "actors/build_channel.hpp"
#include "actors/metrics.hpp"
#include "gateway/http/exchange.hpp"

#include <atomic>
#include <memory>
#include <string>

namespace ib {

/// A build's log as the body of an HTTP answer: from its first byte, then as it grows, until the build ends.
/// Every piece is one line of JSON as the terminal of a workspace's supervisor streams it (spec: engines.md,
/// "Logs"): {"result":{"data":"<base64>"}}. When the service stops the answer is cut.
class log_body final : public http::body_source {
public:
  /// `log` has all of the channel's.
  log_body(channel_ptr channel, log_buffer::pin log, std::shared_ptr<const std::atomic<bool>> draining,
           std::shared_ptr<metrics> meter);
  ~log_body() override;
  log_body(const log_body&) = delete;
  log_body& operator=(const log_body&) = delete;

  http::pulled next(std::string& piece) override;
  bool park(const std::shared_ptr<http::waker>& who) override;

private:
  bool has_news() const;

  channel_ptr channel_;
  log_buffer::pin log_;
  std::shared_ptr<const std::atomic<bool>> draining_;
  std::shared_ptr<metrics> meter_;
  log_buffer::cursor cursor_;
  std::shared_ptr<channel_waiter> sleeper_; ///< what is parked
  uint64_t dropped_;
};

} // namespace ib
