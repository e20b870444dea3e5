#pragma once

#include "actors/domain/result.hpp"
#include "config/settings.hpp"

#include <grpcpp/server.h>

#include <memory>
#include <string>
#include <vector>

namespace grpc {
class Service;
}

namespace ib {

/// A listening gRPC server with health and reflection.
class grpc_server {
public:
  static result<std::unique_ptr<grpc_server>> start(const config::listener_settings& settings,
                                                    const std::vector<grpc::Service*>& services);
  /// "host:port" with the port that was chosen.
  const std::string& address() const { return address_; }
  /// No new calls; waits some seconds for those that run to end, then cuts them off.
  void stop();

private:
  std::unique_ptr<grpc::Server> server_;
  std::string address_;
};

} // namespace ib
