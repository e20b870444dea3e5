#include "gateway/callback_queue.hpp"

#include <grpcpp/completion_queue.h>

namespace ib {

namespace {

grpc::CompletionQueue* take_queue();
void give_back(grpc::CompletionQueue* queue);

/// The library counts the users of this queue in two private functions. The language lets an explicit
/// instantiation name what is private, and that is the one way to them.
template <auto Take, auto GiveBack>
struct way_in {
  friend grpc::CompletionQueue* take_queue() { return Take(); }
  friend void give_back(grpc::CompletionQueue* queue) { GiveBack(queue); }
};
template struct way_in<&grpc::CompletionQueue::CallbackAlternativeCQ,
                       &grpc::CompletionQueue::ReleaseCallbackAlternativeCQ>;

} // namespace

callback_queue::callback_queue() : queue_(take_queue()) {}
callback_queue::~callback_queue() { give_back(queue_); }
grpc_completion_queue* callback_queue::raw() const { return queue_->cq(); }

} // namespace ib
