#include "gateway/log_read_stream.hpp"

#include "gateway/find_build.hpp"
#include "gateway/wire.hpp"

#include <prometheus/counter.h>
#include <prometheus/histogram.h>

#include <algorithm>
#include <limits>

namespace ib {

result<void> log_read_stream::begin(build_channel& channel) {
  auto& log = channel.log();
  // In this order: what is in a closed log is all there will be.
  end_is_final_ = log.closed();
  auto end = log.end_offset();
  if (wish_.offset > end)
    return error{error_code::out_of_range,
                 "offset: " + std::to_string(wish_.offset) + " is beyond the end of the log, " +
                     std::to_string(end),
                 "offset",
                 {}};
  if (auto ready = check_readable(channel, wish_.offset); !ready) return ready;
  end_ = wish_.follow ? std::numeric_limits<uint64_t>::max() : end;
  cursor_ = log.at(wish_.offset);
  base_ = cursor_.offset();
  skipped_ = base_ - wish_.offset;
  if (wish_.censored) censor_.emplace(channel.censored_words(), "[censored]");
  return {};
}

bool log_read_stream::complete(const build_channel& channel) const {
  return !wish_.follow || channel.log().closed();
}

std::function<bool()> log_read_stream::news_since_now() const {
  return [&log = channel().log(), offset = cursor_.offset()] {
    return log.end_offset() > offset || log.closed();
  };
}

log_bytes log_read_stream::take() {
  auto rest = end_ - std::min(end_, cursor_.offset());
  // What is searched costs more than its message, and larger ones would keep the thread from others.
  auto most = censor_ ? reading_pace::least_bytes : pace_.next(reading_pace::clock::now());
  return take_bytes(cursor_, static_cast<size_t>(std::min<uint64_t>(most, rest)));
}

void log_read_stream::count(size_t bytes) {
  meter().log_sent_bytes.Increment(static_cast<double>(bytes));
  meter().subscriber_lag_bytes.Observe(static_cast<double>(channel().log().end_offset() - cursor_.offset()));
}

bool log_read_stream::next(grpc::ByteBuffer& message, bool complete) {
  if (censor_) return next_censored(message, complete);
  auto bytes = take();
  if (bytes.empty() && skipped_ == 0) return false;
  count(bytes.size);
  message = log_chunk({bytes.offset, bytes.offset + bytes.size, take_skipped()}, bytes);
  return true;
}

bool log_read_stream::next_censored(grpc::ByteBuffer& message, bool complete) {
  // A stream that does not follow leaves what may be the beginning of a name to the next one.
  bool ends_here = complete && (wish_.follow || end_is_final_);
  std::string text;
  auto from = base_ + censor_->consumed();
  while (text.empty()) {
    auto bytes = take();
    for (const auto& slice : bytes.parts)
      censor_->write(slice.bytes, text);
    if (!bytes.empty()) continue;
    if (ends_here && !std::exchange(flushed_, true))
      censor_->finish(text);
    else
      break;
  }
  if (text.empty() && skipped_ == 0) return false;
  count(text.size());
  message = log_chunk({from, base_ + censor_->consumed(), take_skipped()}, std::move(text));
  return true;
}

} // namespace ib
