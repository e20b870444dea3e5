#include "tests/bench/load/bare_service.hpp"

#include <grpcpp/impl/codegen/server_callback_handlers.h>
#include <grpcpp/server.h>
#include <grpcpp/support/server_callback.h>

#include <array>
#include <atomic>

namespace ib::bench {

namespace {

using raw_stream = grpc::ServerWriteReactor<grpc::ByteBuffer>;

constexpr size_t pour_bytes = size_t{64} * 1024;

class greeting final : public raw_stream {
public:
  explicit greeting(const grpc::ByteBuffer& message) : message_(message) { StartWrite(&message_); }
  void OnCancel() override { Finish(grpc::Status::CANCELLED); }
  void OnDone() override { delete this; }

private:
  grpc::ByteBuffer message_;
};

class pour final : public raw_stream {
public:
  pour(const grpc::ByteBuffer& piece, uint64_t bytes) : piece_(piece), left_(bytes) { next(); }
  void OnWriteDone(bool ok) override {
    if (ok)
      next();
    else
      finish();
  }
  void OnCancel() override { finish(); }
  void OnDone() override { delete this; }

private:
  void next() {
    if (left_ == 0) return finish();
    left_ -= std::min<uint64_t>(left_, pour_bytes);
    message_ = piece_;
    StartWrite(&message_);
  }
  void finish() {
    if (!finished_.exchange(true)) Finish(grpc::Status::OK);
  }

  const grpc::ByteBuffer& piece_;
  grpc::ByteBuffer message_;
  uint64_t left_;
  std::atomic<bool> finished_{false};
};

grpc::ByteBuffer buffer_of(const grpc::Slice& slice) { return {&slice, 1}; }

} // namespace

void bare_service::add(const std::string& method, grpc::internal::RpcMethod::RpcType type,
                       grpc::internal::MethodHandler* handler) {
  names_.push_back(method);
  AddMethod(new grpc::internal::RpcServiceMethod(names_.back().c_str(), type, nullptr));
  MarkMethodRawCallback(static_cast<int>(names_.size()) - 1, handler);
}

void bare_service::add_answer(const std::string& method, const std::string& bytes) {
  const auto& message = messages_.emplace_back(buffer_of(grpc::Slice(bytes)));
  add(method, grpc::internal::RpcMethod::NORMAL_RPC,
      new grpc::internal::CallbackUnaryHandler<grpc::ByteBuffer, grpc::ByteBuffer>(
          [&message](grpc::CallbackServerContext* context, const grpc::ByteBuffer*,
                     grpc::ByteBuffer* response) {
            *response = message;
            auto* reactor = context->DefaultReactor();
            reactor->Finish(grpc::Status::OK);
            return reactor;
          }));
}

void bare_service::add_greeting(const std::string& method, const std::string& bytes) {
  const auto& message = messages_.emplace_back(buffer_of(grpc::Slice(bytes)));
  add(method, grpc::internal::RpcMethod::SERVER_STREAMING,
      new grpc::internal::CallbackServerStreamingHandler<grpc::ByteBuffer, grpc::ByteBuffer>(
          [&message](grpc::CallbackServerContext*, const grpc::ByteBuffer*) -> raw_stream* {
            return new greeting(message);
          }));
}

void bare_service::add_pour(const std::string& method, uint64_t bytes) {
  static const std::array<char, pour_bytes> page{};
  const auto& piece =
      messages_.emplace_back(buffer_of(grpc::Slice(page.data(), page.size(), grpc::Slice::STATIC_SLICE)));
  add(method, grpc::internal::RpcMethod::SERVER_STREAMING,
      new grpc::internal::CallbackServerStreamingHandler<grpc::ByteBuffer, grpc::ByteBuffer>(
          [&piece, bytes](grpc::CallbackServerContext*, const grpc::ByteBuffer*) -> raw_stream* {
            return new pour(piece, bytes);
          }));
}

} // namespace ib::bench
