#include "gateway/pull_stream.hpp"

#include "actors/io/log.hpp"
#include "gateway/grpc_status.hpp"

#include <prometheus/gauge.h>

#include <exception>
#include <utility>

namespace ib {

void pull_stream::stream(channel_ptr channel, log_buffer::pin log) {
  subscribers_.Increment();
  channel_ = std::move(channel);
  log_ = std::move(log);
  take_turn([this](bool& parked) {
    if (auto begun = begin(*channel_); !begun) return refuse(begun.error());
    pump(parked);
  });
}

void pull_stream::take_turn() {
  take_turn([this](bool& parked) { pump(parked); });
}

/// A stream that runs out of memory, say, ends alone: neither its waker nor the others in line suffer.
template <class Turn>
void pull_stream::take_turn(Turn turn) {
  // Once parked, a waker may end the stream and the call let go of it while this still looks.
  auto alive = shared_from_this();
  bool parked = false;
  try {
    turn(parked);
  } catch (const std::exception& e) {
    if (parked && !parked_.exchange(false)) return; // a waker has the turn by now
    io::log_error("a stream failed inside the service", {{"what", e.what()}});
    end({grpc::StatusCode::UNAVAILABLE, "the service failed to go on with it; try again"});
  }
}

void pull_stream::refuse(const error& why) { end(to_status(why)); }

void pull_stream::end(const grpc::Status& status) {
  calls_.ended(status.error_code());
  call_.finish(status);
}

void pull_stream::finish_with(const grpc::ByteBuffer& message) {
  calls_.sent();
  calls_.ended(grpc::StatusCode::OK);
  call_.write_and_finish(message);
}

void pull_stream::wake() {
  if (parked_.exchange(false)) take_turn();
}

void pull_stream::on_cancel() {
  cancelled_ = true;
  wake();
}

void pull_stream::on_write_done(bool ok) {
  if (!ok) cancelled_ = true;
  take_turn();
}

void pull_stream::on_done() {
  auto me = std::move(self_);
  if (channel_) subscribers_.Decrement();
}

void pull_stream::pump(bool& parked) {
  for (;;) {
    if (cancelled_) return end(grpc::Status::CANCELLED);
    // Asked before taking: what was appended before the end is then surely seen.
    bool whole = complete(*channel_);
    bool draining = *house_.draining;
    if (grpc::ByteBuffer message; next(message, whole)) {
      calls_.sent();
      return call_.write(message);
    }
    if (whole) return end(grpc::Status::OK);
    if (draining) return end(stopping_status());
    auto news = news_since_now();
    auto channel = channel_;
    parked = true;
    parked_ = true;
    channel->park(weak_from_this());
    // Something may have come between the look and the parking: take the turn back and look again, unless a
    // waker has it by now. Such a waker moves the stream on at the same time, so that nothing of it may be
    // read here.
    if (!(cancelled_ || *house_.draining || news()) || !parked_.exchange(false)) return;
    parked = false;
  }
}

} // namespace ib
