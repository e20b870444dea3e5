#pragma once

#include "actors/domain/result.hpp"
#include "actors/io/tls_material.hpp"
#include "actors/metrics.hpp"
#include "config/settings.hpp"
#include "gateway/stream_queues.hpp"

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>

#include <memory>
#include <string>
#include <vector>

namespace grpc {
class Service;
}

namespace ib {

/// A service and the name that the health service knows it by.
struct named_service {
  std::string name;
  grpc::Service* service = nullptr;
  bool counts_itself = false;              ///< see call_counts
  std::vector<streaming_method> streams{}; ///< its methods that are served by stream_queues
};

/// A listening gRPC server with health and reflection, whose calls are counted.
class grpc_server {
public:
  ~grpc_server();
  grpc_server(const grpc_server&) = delete;
  grpc_server& operator=(const grpc_server&) = delete;
  static result<std::unique_ptr<grpc_server>> start(const config::listener_settings& settings,
                                                    const std::vector<named_service>& services,
                                                    std::shared_ptr<metrics> meter);
  /// "host:port" with the port that was chosen.
  const std::string& address() const { return address_; }
  /// What clients are shown; null where there is no TLS.
  const std::shared_ptr<io::tls_watch>& certificates() const { return certificates_; }
  /// What the health service says of the whole and of every service.
  void set_serving(bool serving);
  /// No new calls; waits some seconds for streams that run to end, and half of one for the connections of who
  /// has none, then cuts them off. Unary calls are to be answered before.
  void stop();

private:
  grpc_server() = default;

  std::shared_ptr<io::tls_watch> certificates_;
  std::shared_ptr<grpc::ServerCredentials> credentials_; ///< asked for at every handshake
  std::unique_ptr<stream_queues> queues_;                ///< outlive the server, as the library asks
  grpc::CallbackGenericService others_;                  ///< answers UNIMPLEMENTED to methods that nobody has
  std::unique_ptr<grpc::Server> server_;
  std::string address_;
  std::vector<std::string> names_;
};

} // namespace ib
