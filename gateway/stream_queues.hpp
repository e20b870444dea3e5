#pragma once

#include "gateway/stream_call.hpp"

#include <grpc/grpc.h>

#include <atomic>
#include <cstddef>
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

/// Where calls of a method come to a queue.
struct stream_door {
  grpc_completion_queue* queue = nullptr;
  void* method = nullptr; ///< as the library knows it
  std::function<void(stream_call&)> serve;
};

/// The completion queues of the streaming methods, each with a thread of its own, beside the callback API
/// that serves everything else.
///
/// Why streams have queues of their own: gRPC as Debian builds it (with assertions) looks for each operation
/// that completes among all that are outstanding on its queue, and a stream that waits always has one. With
/// 10,000 listeners on the one queue of the callback API every call of the service takes half as long again.
/// Here they are out of its way. These queues do not poll connections: that stays with the callback API's
/// threads, which would have to hand over what they wait for otherwise. The library's C++ API makes no such
/// queues (only its health service has one); hence its core's API here. Services leave their streaming
/// methods out (WithGenericMethod_…) and name them as streaming_method.
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

private:
  friend class stream_call;
  class entry;

  struct queue {
    grpc_completion_queue* completions = nullptr;
    std::thread thread;
  };

  /// Makes the doors, before the server starts; false where the server has one of the methods already.
  bool enter(::grpc_server* server);
  void await_call(const stream_door& door);
  /// The library gives a call to the first queue that waits for one: by turns, then, so that each gets its
  /// part.
  void await_next(const stream_door& last);
  void forget(stream_call* call);

  std::vector<streaming_method> methods_;
  std::vector<queue> queues_;
  std::vector<stream_door> doors_; ///< those of a method one after the other, a queue each
  ::grpc_server* server_ = nullptr;
  std::atomic<size_t> calls_{0}; ///< that are served or waited for
};

} // namespace ib
