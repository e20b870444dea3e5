#pragma once

#include "actors/domain/error.hpp"

#include <google/protobuf/message.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <atomic>

namespace ib {

/// One unary call on its way through the actors, held by shared_ptr: answered exactly once, and with
/// UNAVAILABLE where it is lost on the way (a crashed actor, a dropped mailbox), so that no caller waits for
/// ever.
class unary_call {
public:
  unary_call(grpc::ServerUnaryReactor* reactor, grpc::ByteBuffer* response)
      : reactor_(reactor), response_(response) {}
  ~unary_call();
  unary_call(const unary_call&) = delete;
  unary_call& operator=(const unary_call&) = delete;

  void answer(const google::protobuf::Message& message);
  void refuse(const error& why);

private:
  grpc::ServerUnaryReactor* reactor_;
  grpc::ByteBuffer* response_;
  std::atomic<bool> done_{false};
};

} // namespace ib
