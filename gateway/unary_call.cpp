#include "gateway/unary_call.hpp"

#include "gateway/grpc_status.hpp"
#include "gateway/wire.hpp"

#include <grpcpp/server_context.h>

namespace ib {

unary_call::~unary_call() {
  if (!done_.exchange(true))
    end({grpc::StatusCode::UNAVAILABLE, "the request was lost inside the service; try again"});
}

void unary_call::end(const grpc::Status& status) {
  calls_.ended(status.error_code());
  reactor_->Finish(status);
}

grpc::ServerUnaryReactor* finish_now(grpc::CallbackServerContext& context, call_meter& calls) {
  auto* reactor = context.DefaultReactor();
  calls.sent();
  calls.ended(grpc::StatusCode::OK);
  reactor->Finish(grpc::Status::OK);
  return reactor;
}

void unary_call::answer(const google::protobuf::Message& message) {
  if (done_.exchange(true)) return;
  *response_ = serialize(message);
  calls_.sent();
  end(grpc::Status::OK);
}

void unary_call::refuse(const error& why) {
  if (!done_.exchange(true)) end(to_status(why));
}

} // namespace ib
