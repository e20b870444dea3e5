#include "gateway/call_trace.hpp"

#include <grpcpp/server_context.h>

#include <string_view>

namespace ib {

trace_context trace_of(const grpc::CallbackServerContext& call) {
  const auto& metadata = call.client_metadata();
  auto value = [&](const char* name) {
    auto found = metadata.find(name);
    return found == metadata.end() ? std::string_view()
                                   : std::string_view(found->second.data(), found->second.size());
  };
  auto trace = parse_traceparent(value("traceparent"));
  return trace.empty() ? parse_uber_trace_id(value("uber-trace-id")) : trace;
}

} // namespace ib
