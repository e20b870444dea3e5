#pragma once

#include "actors/metrics.hpp"

#include <grpcpp/support/server_interceptor.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace ib {

/// Counts calls as Go's middleware does: those that the library answers by itself (health, reflection), and
/// those of services that do not count for themselves (see call_meter).
class rpc_meter final : public grpc::experimental::ServerInterceptorFactoryInterface {
public:
  /// All methods of these services ("package.Service") are there from the start; others are not counted.
  rpc_meter(std::shared_ptr<metrics> meter, const std::vector<std::string>& services);
  ~rpc_meter() override;

  grpc::experimental::Interceptor* CreateServerInterceptor(grpc::experimental::ServerRpcInfo* call) override;

private:
  void add(const std::string& type, const std::string& service, const std::string& method);

  std::shared_ptr<metrics> meter_;
  std::map<std::string, rpc_metrics*, std::less<>> methods_; ///< by "/package.Service/Method"
};

} // namespace ib
