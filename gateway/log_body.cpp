#include "gateway/log_body.hpp"

#include "actors/domain/base64.hpp"
#include "gateway/channel_sleeper.hpp"
#include "gateway/find_build.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>

#include <utility>

namespace ib {

namespace {

/// As base64 some 64 KiB.
constexpr size_t piece_bytes = size_t{48} * 1024;

std::string line_of(std::string_view bytes) {
  return R"({"result":{"data":")" + base64_encode(bytes) + "\"}}\n";
}

} // namespace

log_body::log_body(channel_ptr channel, log_buffer::pin log,
                   std::shared_ptr<const std::atomic<bool>> draining, std::shared_ptr<metrics> meter)
    : channel_(std::move(channel)),
      log_(std::move(log)),
      draining_(std::move(draining)),
      meter_(std::move(meter)),
      cursor_(channel_->log().at(0)),
      dropped_(cursor_.offset()) {
  meter_->log_subscribers.Increment();
}

log_body::~log_body() { meter_->log_subscribers.Decrement(); }

http::pulled log_body::next(std::string& piece) {
  if (auto dropped = std::exchange(dropped_, 0); dropped > 0) {
    piece = line_of(dropped_notice(dropped));
    return http::pulled::piece;
  }
  // Asked before taking: what was appended before the end is then surely seen.
  bool whole = channel_->log().closed();
  bool draining = *draining_;
  if (auto slice = cursor_.next(piece_bytes); !slice.bytes.empty()) {
    meter_->log_sent_bytes.Increment(static_cast<double>(slice.bytes.size()));
    meter_->subscriber_lag_bytes.Observe(
        static_cast<double>(channel_->log().end_offset() - cursor_.offset()));
    piece = line_of(slice.bytes);
    return http::pulled::piece;
  }
  if (whole) return http::pulled::end;
  return draining ? http::pulled::cut : http::pulled::nothing;
}

bool log_body::park(const std::shared_ptr<http::waker>& who) {
  sleeper_ = std::make_shared<channel_sleeper>(who);
  channel_->park(sleeper_);
  return !has_news();
}

bool log_body::has_news() const {
  const auto& log = channel_->log();
  return log.end_offset() > cursor_.offset() || log.closed() || *draining_;
}

} // namespace ib
