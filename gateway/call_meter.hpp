#pragma once

#include "actors/metrics.hpp"
#include "actors/rpc_metrics.hpp"

#include <grpcpp/support/status.h>

#include <chrono>
#include <map>
#include <string>

namespace google::protobuf {
class MethodDescriptor;
}

namespace ib {

/// The counters of a method.
rpc_metrics& counters_of(metrics& meter, const google::protobuf::MethodDescriptor& method);

/// The counters of all methods of a service that counts its calls itself. The library would tell an
/// interceptor of them (see rpc_meter), but that costs a unary call a tenth and each message of a stream as
/// much as 4 KiB of its bytes.
class call_counts {
public:
  /// `service`: "package.Service".
  call_counts(metrics& meter, const std::string& service);
  rpc_metrics& of(const std::string& method) { return *methods_.at(method); }

private:
  std::map<std::string, rpc_metrics*> methods_;
};

/// Counts one call: made when its request is there, told of each message and of the end.
class call_meter {
public:
  /// Null counts nothing: an interceptor does.
  explicit call_meter(rpc_metrics* counts);
  void sent();
  /// Once.
  void ended(grpc::StatusCode code);

private:
  rpc_metrics* counts_;
  std::chrono::steady_clock::time_point began_;
};

} // namespace ib
