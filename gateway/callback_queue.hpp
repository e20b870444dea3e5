#pragma once

#include <grpc/grpc.h>

#include <memory>

namespace grpc {
class CompletionQueue;
}

namespace ib {

/// The completion queue of gRPC's callback API, kept alive and awake: all servers and channels of the process
/// share it.
///
/// Its threads poll the connections and run what comes back from it in place, so that what is asked for here
/// is told by the very thread that read it. A tag must be a grpc_completion_queue_functor.
///
/// A thread of it that has had nothing to do for a second looks away for a tenth of one. In a process that is
/// idle all did so at the same time, and one call in twenty waited for that: something small happens twice a
/// second now, so that one is always there.
class callback_queue {
public:
  callback_queue();
  ~callback_queue();
  callback_queue(const callback_queue&) = delete;
  callback_queue& operator=(const callback_queue&) = delete;

  grpc_completion_queue* raw() const;

private:
  /// A call to nobody, whose empty operations come back at once.
  class pulse;

  grpc::CompletionQueue* queue_;
  std::unique_ptr<pulse> pulse_;
};

} // namespace ib
