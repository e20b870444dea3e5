#include "gateway/unary_call.hpp"

#include "gateway/grpc_status.hpp"
#include "gateway/wire.hpp"

namespace ib {

unary_call::~unary_call() {
  if (!done_.exchange(true))
    reactor_->Finish({grpc::StatusCode::UNAVAILABLE, "the request was lost inside the service; try again"});
}

void unary_call::answer(const google::protobuf::Message& message) {
  if (done_.exchange(true)) return;
  *response_ = serialize(message);
  reactor_->Finish(grpc::Status::OK);
}

void unary_call::refuse(const error& why) {
  if (!done_.exchange(true)) reactor_->Finish(to_status(why));
}

} // namespace ib
