#pragma once

#include "tests/support/wsman_standin/book.hpp"

#include <grpcpp/server.h>

#include <memory>
#include <string>

namespace ib::standin {

struct tls_texts {
  std::string ca;
  std::string certificate;
  std::string key;
};

/// ws-manager's gRPC service. It can go away and come back at the same port while the book stays.
class grpc_side {
public:
  /// Listens on a free loopback port; with TLS clients have to show a certificate of the CA.
  grpc_side(book& what, std::optional<tls_texts> tls);
  ~grpc_side();

  void up();
  /// Ends every call and refuses new connections.
  void down();
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

private:
  class service;

  std::unique_ptr<service> service_;
  std::optional<tls_texts> tls_;
  int port_ = 0;
  int reserved_ = -1; ///< a bound socket that does not listen: the port stays ours while we are down
  std::unique_ptr<grpc::Server> server_;
};

} // namespace ib::standin
