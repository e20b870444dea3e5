#pragma once

#include "actors/domain/result.hpp"
#include "actors/service_health.hpp"
#include "gateway/http/server.hpp"

#include <memory>
#include <mutex>
#include <string>

namespace ib {

class grpc_server;

/// Answers those who watch over the service: `/live` while the process serves at all, `/ready` while it takes
/// builds, else with 503 and the reasons (spec: operations.md, "Ports").
class health_server {
public:
  /// `address` may be `config::off`: then nothing listens.
  static result<std::unique_ptr<health_server>> start(const std::string& address,
                                                      std::shared_ptr<const service_health> health);

private:
  std::unique_ptr<http::server> server_;
};

/// Keeps the gRPC health service in step with the service's health.
class health_mirror {
public:
  /// From now on until nullptr: `server` says what `health` says.
  void follow(grpc_server* server, const service_health& health);
  /// To be called after every change; any thread. Changes that race are told in no wrong order: who comes
  /// last reads the newest.
  void update(const service_health& health);

private:
  std::mutex lock_;
  grpc_server* server_ = nullptr;
};

} // namespace ib
