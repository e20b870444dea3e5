#include "tools/imgctl/watch/health.hpp"

#include "tools/imgctl/text.hpp"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/slice.h>

#include <chrono>
#include <memory>
#include <vector>

namespace ib::imgctl {
namespace {

constexpr std::chrono::seconds patience{10};

/// HealthCheckRequest{string service = 1}, whose names are shorter than 128 bytes; the message's definition
/// is no part of the packaged library.
grpc::ByteBuffer request_for(const std::string& service) {
  std::string bytes;
  if (!service.empty()) bytes = std::string{'\x0a', static_cast<char>(service.size())} + service;
  const grpc::Slice slice(bytes);
  return {&slice, 1};
}

/// HealthCheckResponse{enum status = 1}.
health_state state_of(const grpc::ByteBuffer& answer) {
  std::vector<grpc::Slice> slices;
  if (!answer.Dump(&slices).ok()) return health_state::unknown;
  std::string bytes;
  for (const auto& slice : slices)
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  if (bytes.size() != 2 || bytes[0] != '\x08') return health_state::unknown;
  return bytes[1] == 1   ? health_state::serving
         : bytes[1] == 2 ? health_state::not_serving
                         : health_state::unknown;
}

} // namespace

health_answer ask_health(grpc::Channel& channel, const std::string& service) {
  // The stub keeps its channel; this one is kept by the caller.
  grpc::GenericStub stub(std::shared_ptr<grpc::ChannelInterface>(&channel, [](auto*) {}));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + patience);
  grpc::CompletionQueue queue;
  auto call = stub.PrepareUnaryCall(&context, "/grpc.health.v1.Health/Check", request_for(service), &queue);
  call->StartCall();
  grpc::ByteBuffer answer;
  grpc::Status status;
  call->Finish(&answer, &status, &queue);
  void* tag = nullptr;
  bool good = false;
  queue.Next(&tag, &good);
  if (status.ok()) {
    const auto state = state_of(answer);
    return {state, state == health_state::unknown ? "the service does not know" : ""};
  }
  const auto words = one_line(status.error_message());
  switch (status.error_code()) {
  case grpc::StatusCode::UNAVAILABLE:
  case grpc::StatusCode::DEADLINE_EXCEEDED:
    return {health_state::unreachable, words};
  default: // gRPC's codes: whoever answers with one has answered
    return {health_state::unknown, words};
  }
}

} // namespace ib::imgctl
