#pragma once

#include <grpc/grpc.h>

namespace grpc {
class CompletionQueue;
}

namespace ib {

/// The completion queue of gRPC's callback API, kept alive: all servers and channels of the process share it.
///
/// Its threads poll the connections and run what comes back from it in place, so that what is asked for here
/// is told by the very thread that read it. A tag must be a grpc_completion_queue_functor.
class callback_queue {
public:
  callback_queue();
  ~callback_queue();
  callback_queue(const callback_queue&) = delete;
  callback_queue& operator=(const callback_queue&) = delete;

  grpc_completion_queue* raw() const;

private:
  grpc::CompletionQueue* queue_;
};

} // namespace ib
