#pragma once

#include "actors/build_channel.hpp"
#include "actors/domain/result.hpp"
#include "actors/metrics.hpp"
#include "gateway/call_meter.hpp"
#include "gateway/stream_call.hpp"

#include <grpcpp/support/byte_buffer.h>

#include <atomic>
#include <functional>
#include <memory>
#include <utility>

namespace ib {

/// True once the service stops: streams end after their last byte.
using drain_flag = std::shared_ptr<const std::atomic<bool>>;

/// What the streams of a service share.
struct stream_house {
  drain_flag draining;
  std::shared_ptr<metrics> meter;
  /// Where a build's log is becomes known once its run has begun; else it is where the identity says.
  bool access_comes_later = false;
  rpc_metrics* calls = nullptr; ///< of the method, where its service counts for itself

  stream_house counted_by(rpc_metrics& counts) const {
    auto same = *this;
    same.calls = &counts;
    return same;
  }
};

/// A server stream that pulls from a build's channel at the pace of its client: one message in flight, the
/// next taken when the last is written; with nothing to send it parks in the channel and costs nothing.
///
/// Ownership: the call holds a raw pointer until on_done(); the stream keeps itself alive until then, and
/// everyone else holds it by shared_ptr. It finishes exactly once. Turns: whoever swaps `parked_` from true
/// to false (a waker, a cancel) or completes a write has the turn and runs pump(); nobody else does, so
/// pump() needs no lock.
class pull_stream : public stream_writer,
                    public channel_waiter,
                    public std::enable_shared_from_this<pull_stream> {
public:
  /// `subscribers` counts the streams of its kind while they follow a build.
  pull_stream(stream_call& call, stream_house house, prometheus::Gauge& subscribers)
      : call_(call), house_(std::move(house)), subscribers_(subscribers), calls_(house_.calls) {}

  /// Must be called once, right after construction: from now on the call owns a part of the stream.
  void hold() {
    self_ = shared_from_this();
    call_.set_writer(*this);
  }
  /// Begins to stream; once, and not after refuse(). `log`: of who reads the log.
  void stream(channel_ptr channel, log_buffer::pin log = {});
  /// Ends the call without streaming; once, and not after stream().
  void refuse(const error& why);

  void wake() override;
  void on_write_done(bool ok) override;
  void on_cancel() override;
  void on_done() override;

protected:
  /// The stream begins: cursors can be set. An error ends the call.
  virtual result<void> begin(build_channel& channel) = 0;
  /// The next message, false where there is none yet. `complete`: the channel will not grow any more.
  virtual bool next(grpc::ByteBuffer& message, bool complete) = 0;
  /// A question for whoever does not have the turn, from any thread: has anything come since now that next()
  /// would take, or has the channel been completed?
  virtual std::function<bool()> news_since_now() const = 0;
  /// True where the channel will not grow any more for this kind of stream.
  virtual bool complete(const build_channel& channel) const = 0;

  const build_channel& channel() const { return *channel_; }
  metrics& meter() const { return *house_.meter; }
  bool access_comes_later() const { return house_.access_comes_later; }

  /// Ends the call with its only message; instead of stream().
  void finish_with(const grpc::ByteBuffer& message);

private:
  void take_turn();
  template <class Turn>
  void take_turn(Turn turn);
  /// `parked`: the turn is on offer to wakers.
  void pump(bool& parked);
  void end(const grpc::Status& status);

  stream_call& call_;
  stream_house house_;
  prometheus::Gauge& subscribers_; ///< kept by house_
  call_meter calls_;
  std::shared_ptr<pull_stream> self_;
  channel_ptr channel_;
  log_buffer::pin log_; ///< keeps the channel, too
  std::atomic<bool> parked_{false};
  std::atomic<bool> cancelled_{false};
};

/// A stream that answers a call, which owns a part of it from now on. Not in one piece with its counts: the
/// channel's list of waiters may refer to those long after the stream is gone.
template <class Stream, class... Arguments>
std::shared_ptr<Stream> make_stream(stream_call& call, Arguments&&... arguments) {
  std::shared_ptr<Stream> stream(new Stream(call, std::forward<Arguments>(arguments)...));
  stream->hold();
  return stream;
}

} // namespace ib
