#include "gateway/call_meter.hpp"

#include <google/protobuf/descriptor.h>

namespace ib {

namespace pb = google::protobuf;

namespace {

const char* type_of(const pb::MethodDescriptor& method) {
  if (method.client_streaming()) return method.server_streaming() ? "bidi_stream" : "client_stream";
  return method.server_streaming() ? "server_stream" : "unary";
}

} // namespace

rpc_metrics& counters_of(metrics& meter, const pb::MethodDescriptor& method) {
  return meter.rpc(type_of(method), method.service()->full_name(), method.name());
}

call_counts::call_counts(metrics& meter, const std::string& service) {
  auto* described = pb::DescriptorPool::generated_pool()->FindServiceByName(service);
  for (int i = 0; described != nullptr && i < described->method_count(); ++i) {
    const auto& method = *described->method(i);
    methods_.emplace(method.name(), &counters_of(meter, method));
  }
}

call_meter::call_meter(rpc_metrics* counts) : counts_(counts) {
  if (counts_ == nullptr) return;
  began_ = std::chrono::steady_clock::now();
  counts_->started();
  counts_->received();
}

void call_meter::sent() {
  if (counts_ != nullptr) counts_->sent();
}

void call_meter::ended(grpc::StatusCode code) {
  if (counts_ == nullptr) return;
  counts_->handled(static_cast<size_t>(code), std::chrono::steady_clock::now() - began_);
}

} // namespace ib
