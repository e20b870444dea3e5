#include "gateway/health_server.hpp"

#include "actors/io/log.hpp"
#include "gateway/grpc_server.hpp"

#include <utility>

namespace ib {

namespace {

http::response readiness(const service_health& health) {
  auto reasons = health.read();
  if (reasons->empty()) return http::plain(200, "ready");
  std::string words = "not ready";
  for (const auto& [who, why] : *reasons)
    words += "\n" + who + ": " + why;
  return http::plain(503, words);
}

} // namespace

result<std::unique_ptr<health_server>> health_server::start(const std::string& address,
                                                            std::shared_ptr<const service_health> health) {
  auto started = std::make_unique<health_server>();
  if (address == config::off) return started;
  http::limits few;
  few.connections = 64;
  auto listening = http::server::listen({address, {}}, "health", few);
  if (!listening) return listening.error();
  started->server_ = std::move(*listening);
  http::router routes;
  routes.get("/live", [](const auto&, const auto& to) { to->answer(http::plain(200, "alive")); });
  routes.get("/ready", [health](const auto&, const auto& to) { to->answer(readiness(*health)); });
  started->server_->serve(std::move(routes));
  io::log_info("serving health", {{"address", started->server_->address()}});
  return started;
}

void health_mirror::follow(grpc_server* server, const service_health& health) {
  std::lock_guard held(lock_);
  server_ = server;
  if (server_ != nullptr) server_->set_serving(health.is_ready());
}

void health_mirror::update(const service_health& health) {
  std::lock_guard held(lock_);
  if (server_ != nullptr) server_->set_serving(health.is_ready());
}

} // namespace ib
