#include "gateway/rpc_meter.hpp"

#include "actors/rpc_metrics.hpp"
#include "gateway/call_meter.hpp"

#include <google/protobuf/descriptor.h>
#include <grpcpp/support/status.h>

#include <chrono>

namespace ib {

namespace {

using grpc::experimental::InterceptionHookPoints;

/// Follows one call. Its hooks run one after the other, on whatever thread the library takes.
class rpc_watch final : public grpc::experimental::Interceptor {
public:
  explicit rpc_watch(rpc_metrics& counts) : counts_(counts) { counts_.started(); }

  void Intercept(grpc::experimental::InterceptorBatchMethods* batch) override {
    // A request that did not come, and a client's end of stream, are no message.
    if (batch->QueryInterceptionHookPoint(InterceptionHookPoints::POST_RECV_MESSAGE) &&
        batch->GetRecvMessage() != nullptr)
      counts_.received();
    if (batch->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_MESSAGE)) counts_.sent();
    if (batch->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_STATUS))
      counts_.handled(static_cast<size_t>(batch->GetSendStatus().error_code()),
                      std::chrono::steady_clock::now() - began_);
    batch->Proceed();
  }

private:
  rpc_metrics& counts_;
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

} // namespace

rpc_meter::rpc_meter(std::shared_ptr<metrics> meter, const std::vector<std::string>& services)
    : meter_(std::move(meter)) {
  // The library keeps the descriptors of these two to itself.
  add("unary", "grpc.health.v1.Health", "Check");
  add("server_stream", "grpc.health.v1.Health", "Watch");
  add("bidi_stream", "grpc.reflection.v1alpha.ServerReflection", "ServerReflectionInfo");
  for (const auto& name : services) {
    auto* service = google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(name);
    for (int i = 0; service != nullptr && i < service->method_count(); ++i)
      methods_.emplace("/" + name + "/" + service->method(i)->name(),
                       &counters_of(*meter_, *service->method(i)));
  }
}

rpc_meter::~rpc_meter() = default;

void rpc_meter::add(const std::string& type, const std::string& service, const std::string& method) {
  methods_.emplace("/" + service + "/" + method, &meter_->rpc(type, service, method));
}

grpc::experimental::Interceptor* rpc_meter::CreateServerInterceptor(grpc::experimental::ServerRpcInfo* call) {
  auto found = methods_.find(std::string_view(call->method()));
  return found == methods_.end() ? nullptr : new rpc_watch(*found->second);
}

} // namespace ib
