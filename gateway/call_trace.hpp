#pragma once

#include "actors/domain/trace_context.hpp"
#include "gateway/stream_call.hpp"

#include <grpcpp/support/server_callback.h>

namespace ib {

/// The trace that the caller says it is in: by `traceparent`, else by `uber-trace-id`; empty where it says
/// neither.
trace_context trace_of(const grpc::CallbackServerContext& call);
trace_context trace_of(const stream_call& call);

} // namespace ib
