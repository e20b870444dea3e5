#include "gateway/pull_stream.hpp"

#include "gateway/grpc_status.hpp"

#include <prometheus/gauge.h>

#include <utility>

namespace ib {

void pull_stream::stream(channel_ptr channel, log_buffer::pin log) {
  subscribers_.Increment();
  channel_ = std::move(channel);
  log_ = std::move(log);
  if (auto begun = begin(*channel_); !begun) return refuse(begun.error());
  pump();
}

void pull_stream::refuse(const error& why) { end(to_status(why)); }

void pull_stream::end(const grpc::Status& status) {
  calls_.ended(status.error_code());
  Finish(status);
}

void pull_stream::finish_with(const grpc::ByteBuffer& message) {
  calls_.sent();
  calls_.ended(grpc::StatusCode::OK);
  StartWriteAndFinish(&message, grpc::WriteOptions(), grpc::Status::OK);
}

void pull_stream::wake() {
  if (parked_.exchange(false)) pump();
}

void pull_stream::OnCancel() {
  cancelled_ = true;
  wake();
}

void pull_stream::OnWriteDone(bool ok) {
  if (!ok) cancelled_ = true;
  // A stream may wait for hours for its next message.
  message_.Clear();
  pump();
}

void pull_stream::OnDone() {
  auto me = std::move(self_);
  if (channel_) subscribers_.Decrement();
  // A channel whose last waking is over still lists this stream: without this the two would keep each other
  // for ever.
  log_ = {};
  channel_.reset();
}

void pull_stream::pump() {
  for (;;) {
    if (cancelled_) return end(grpc::Status::CANCELLED);
    // Asked before taking: what was appended before the end is then surely seen.
    bool whole = complete(*channel_);
    bool draining = *house_.draining;
    if (next(message_, whole)) {
      calls_.sent();
      return StartWrite(&message_);
    }
    if (whole) return end(grpc::Status::OK);
    if (draining) return end(stopping_status());
    auto news = news_since_now();
    // Once parked, a waker may end the stream and the library let go of it while this still looks.
    auto alive = shared_from_this();
    auto channel = channel_;
    parked_ = true;
    channel->park(alive);
    // Something may have come between the look and the parking: take the turn back and look again, unless a
    // waker has it by now. Such a waker moves the stream on at the same time, so that nothing of it may be
    // read here.
    if (!(cancelled_ || *house_.draining || news()) || !parked_.exchange(false)) return;
  }
}

} // namespace ib
