#pragma once

#include <grpcpp/impl/codegen/service_type.h>
#include <grpcpp/support/byte_buffer.h>

#include <cstdint>
#include <deque>
#include <string>

namespace ib::bench {

/// The bare limit: methods that do nothing but what the library must do to send their bytes, by the same kind
/// of handler that the service has (raw, callbacks). Add all methods before the server starts.
class bare_service final : public grpc::Service {
public:
  /// A unary method that always gives the same answer.
  void add_answer(const std::string& method, const std::string& bytes);
  /// A server stream that gives one message and then nothing until its caller leaves.
  void add_greeting(const std::string& method, const std::string& bytes);
  /// A server stream that writes `bytes` from one buffer, 64 KiB at a time, and ends.
  void add_pour(const std::string& method, uint64_t bytes);

private:
  void add(const std::string& method, grpc::internal::RpcMethod::RpcType type,
           grpc::internal::MethodHandler* handler);

  std::deque<std::string> names_; ///< the library keeps pointers
  std::deque<grpc::ByteBuffer> messages_;
};

} // namespace ib::bench
