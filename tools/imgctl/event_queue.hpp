#pragma once

#include "image-builder-api/imgbuilder.pb.h"

#include <grpcpp/support/status.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <variant>

namespace ib::imgctl {

/// How one of the two streams of a followed build ended.
struct stream_end {
  grpc::Status status;
  bool from_service = false; ///< see answered_by_service()
};

struct build_ended : stream_end {};
struct log_ended : stream_end {};
struct log_bytes {
  std::string content;
};

using event = std::variant<builder::BuildResponse, log_bytes, build_ended, log_ended>;

/// What the reading threads hand to the thread that shows it. A reader that is ahead by more than a few MiB
/// waits, so that a slow terminal holds the stream up instead of filling the memory.
class event_queue {
public:
  event_queue();
  ~event_queue();
  event_queue(const event_queue&) = delete;
  event_queue& operator=(const event_queue&) = delete;

  /// Waits for room. False, and the event is dropped, once the queue is closed.
  bool push(event e);

  /// The oldest event, if there is one; never waits.
  std::optional<event> pop();

  /// Nobody reads any more: push() returns at once.
  void close();

  /// Readable (poll) while there are events.
  int descriptor() const { return descriptor_; }

private:
  const int descriptor_;
  std::mutex mutex_;
  std::condition_variable room_;
  std::deque<event> events_;
  size_t size_ = 0; ///< bytes in the queue
  bool closed_ = false;
};

} // namespace ib::imgctl
