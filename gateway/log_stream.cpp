#include "gateway/log_stream.hpp"

#include "gateway/find_build.hpp"
#include "gateway/wire.hpp"

#include <prometheus/counter.h>
#include <prometheus/histogram.h>

#include <utility>

namespace ib {

result<void> log_stream::begin(build_channel& channel) {
  if (auto ready = check_readable(channel, 0); !ready) return ready;
  cursor_ = channel.log().at(0);
  dropped_ = cursor_.offset();
  if (censored_) censor_ = std::make_unique<redactor>(channel.censored_words(), "[censored]");
  return {};
}

bool log_stream::next(grpc::ByteBuffer& message, bool complete) {
  if (dropped_ > 0) {
    message = log_message(dropped_notice(std::exchange(dropped_, 0)));
    return true;
  }
  if (censor_) return next_censored(message, complete);
  auto bytes = take();
  if (bytes.empty()) return false;
  count(bytes.size);
  message = log_message(bytes);
  return true;
}

/// What is searched costs more than its message, and larger ones would keep the thread from others.
log_bytes log_stream::take() {
  return take_bytes(cursor_, censor_ ? reading_pace::least_bytes : pace_.next(reading_pace::clock::now()));
}

void log_stream::count(size_t bytes) {
  meter().log_sent_bytes.Increment(static_cast<double>(bytes));
  meter().subscriber_lag_bytes.Observe(static_cast<double>(channel().log().end_offset() - cursor_.offset()));
}

std::function<bool()> log_stream::news_since_now() const {
  return [&log = channel().log(), offset = cursor_.offset()] {
    return log.end_offset() > offset || log.closed();
  };
}

bool log_stream::next_censored(grpc::ByteBuffer& message, bool complete) {
  std::string text;
  while (text.empty()) {
    auto bytes = take();
    for (const auto& slice : bytes.parts)
      censor_->write(slice.bytes, text);
    if (!bytes.empty()) continue;
    if (complete && !std::exchange(flushed_, true))
      censor_->finish(text);
    else
      break;
  }
  if (text.empty()) return false;
  count(text.size());
  message = log_message(std::move(text));
  return true;
}

} // namespace ib
