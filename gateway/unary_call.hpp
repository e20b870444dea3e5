#pragma once

#include "actors/domain/error.hpp"
#include "gateway/call_meter.hpp"

#include <google/protobuf/message.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <atomic>
#include <stop_token>

namespace ib {

/// The library's side of a unary call: tells when the caller goes away, and deletes itself at the end.
class unary_reactor final : public grpc::ServerUnaryReactor {
public:
  std::stop_token asker() const { return asker_.get_token(); }
  void OnCancel() override { asker_.request_stop(); }
  void OnDone() override { delete this; }

private:
  std::stop_source asker_;
};

/// One unary call on its way through the actors, held by shared_ptr: answered exactly once, and with
/// UNAVAILABLE where it is lost on the way (a crashed actor, a dropped mailbox), so that no caller waits for
/// ever.
class unary_call {
public:
  unary_call(grpc::ByteBuffer* response, call_meter calls) : response_(response), calls_(calls) {}
  ~unary_call();
  unary_call(const unary_call&) = delete;
  unary_call& operator=(const unary_call&) = delete;

  /// What the handler returns to the library; not to be touched after the answer.
  grpc::ServerUnaryReactor* reactor() const { return reactor_; }
  /// Stopped once the caller has gone away; to be asked for before the answer.
  std::stop_token asker() const { return reactor_->asker(); }

  void answer(const google::protobuf::Message& message);
  void refuse(const error& why);

private:
  unary_reactor* reactor_ = new unary_reactor;
  void end(const grpc::Status& status);

  grpc::ByteBuffer* response_;
  call_meter calls_;
  std::atomic<bool> done_{false};
};

/// Ends a call whose answer is at hand with the library's own reactor: the end of one of ours would be handed
/// to another thread.
grpc::ServerUnaryReactor* finish_now(grpc::CallbackServerContext& context, call_meter& calls);

} // namespace ib
