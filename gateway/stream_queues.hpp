#pragma once

#include "gateway/callback_queue.hpp"
#include "gateway/stream_call.hpp"

#include <grpc/grpc.h>

#include <atomic>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace grpc {
class ServerBuilder;
}

namespace ib {

/// A method whose answer is a stream.
struct streaming_method {
  std::string path; ///< "/package.Service/Method"
  /// Serves a call; must not block.
  std::function<void(stream_call&)> serve;
};

/// Where calls of a method come in.
struct stream_door {
  void* method = nullptr; ///< as the library knows it
  std::function<void(stream_call&)> serve;
  std::atomic<int> near{0}; ///< calls of it on the callback API's queue, awaited ones among them
};

/// Serves the streaming methods: the first calls of each on the completion queue of the callback API, as
/// everything else is served, more of them on queues of their own.
///
/// Why streams have queues of their own: gRPC as Debian builds it (with assertions) looks for each operation
/// that completes among all that are outstanding on its queue, and a stream that waits always has one. With
/// 10,000 listeners on the one queue of the callback API every call of the service takes half as long again.
/// Many are out of its way here. Not the first few, since each queue has a thread of its own, to which what
/// happens to a call is handed: the callback API's threads run it where they read it. Every call arrives
/// there, and what can be answered in place is, up to its first message. The other queues do not poll
/// connections, or what their threads read for the callback API would have to be handed over as well. The
/// library's C++ API makes no such queues (only its health service has one); hence its core's API here.
/// Services leave their streaming methods out (WithGenericMethod_…) and name them as streaming_method.
class stream_queues {
public:
  /// Adds the methods to the server that this builder builds.
  stream_queues(grpc::ServerBuilder& builder, std::vector<streaming_method> methods);
  ~stream_queues();
  stream_queues(const stream_queues&) = delete;
  stream_queues& operator=(const stream_queues&) = delete;

  /// Serves calls from now on; once the server has started.
  void open();
  /// Waits for the last call to end, and ends the threads; once the server has shut down. Idempotent.
  void close();
  /// How many calls have come and not ended yet. Any thread.
  size_t served() const { return served_; }

private:
  friend class stream_call;
  class entry;

  struct queue {
    grpc_completion_queue* completions = nullptr;
    std::thread thread;
  };

  /// Makes the doors, before the server starts; false where the server has one of the methods already.
  bool enter(::grpc_server* server);
  void await_call(stream_door& door);
  void forget(stream_call* call);

  std::vector<streaming_method> methods_;
  callback_queue arrivals_;
  std::vector<queue> queues_;
  std::atomic<size_t> served_{0};
  std::atomic<size_t> turn_{0}; ///< whose queue is next
  std::deque<stream_door> doors_;
  ::grpc_server* server_ = nullptr;
  /// Calls that are served or waited for. Shared, for close() may return, and this be gone, while whoever
  /// ended the last one still says so.
  std::shared_ptr<std::atomic<size_t>> calls_ = std::make_shared<std::atomic<size_t>>(0);
};

} // namespace ib
