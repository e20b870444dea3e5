#pragma once

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/client_callback.h>

#include <string>

namespace ib::bench {

/// One call of a server stream, read as raw messages. Must not be destroyed before ended().
class stream_call : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
public:
  /// `request` must live until the call has ended.
  void start(grpc::GenericStub& stub, const std::string& method, const grpc::ByteBuffer& request) {
    stub.PrepareBidiStreamingCall(&context_, method, {}, this);
    StartWriteLast(&request, {});
    StartRead(&message_);
    StartCall();
  }
  void leave() { context_.TryCancel(); }

  void OnReadDone(bool ok) override {
    if (!ok) return;
    if (take(message_))
      StartRead(&message_);
    else
      leave();
  }
  void OnDone(const grpc::Status& status) override { ended(status); }

protected:
  /// A message came; false to leave.
  virtual bool take(const grpc::ByteBuffer& message) = 0;
  /// Nothing follows; the call may be destroyed.
  virtual void ended(const grpc::Status& status) = 0;

private:
  grpc::ClientContext context_;
  grpc::ByteBuffer message_;
};

} // namespace ib::bench
