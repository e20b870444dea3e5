#include "gateway/call_trace.hpp"

#include <grpcpp/server_context.h>

#include <string_view>

namespace ib {

namespace {

template <class Header>
trace_context trace_by(Header header) {
  auto trace = parse_traceparent(header("traceparent"));
  return trace.empty() ? parse_uber_trace_id(header("uber-trace-id")) : trace;
}

} // namespace

trace_context trace_of(const grpc::CallbackServerContext& call) {
  return trace_by([&metadata = call.client_metadata()](const char* name) {
    auto found = metadata.find(name);
    return found == metadata.end() ? std::string_view()
                                   : std::string_view(found->second.data(), found->second.size());
  });
}

trace_context trace_of(const stream_call& call) {
  return trace_by([&call](const char* name) { return call.header(name); });
}

} // namespace ib
