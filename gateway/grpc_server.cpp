#include "gateway/grpc_server.hpp"

#include "gateway/rpc_meter.hpp"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>

#include <chrono>
#include <fstream>
#include <iterator>

namespace ib {

namespace {

constexpr int max_request_bytes = 16 * 1024 * 1024;
constexpr std::chrono::seconds stop_grace{5};

result<std::string> read_file(const std::string& path) {
  std::ifstream file(path);
  std::string text(std::istreambuf_iterator<char>(file), {});
  if (!file || text.empty())
    return error{error_code::failed_precondition, "cannot read " + path, "server.services.grpc.tls", {}};
  return text;
}

/// With TLS, clients must show a certificate of the configured CA (spec: operations.md, "Configuration").
result<std::shared_ptr<grpc::ServerCredentials>> credentials(const config::listener_settings& settings) {
  if (!settings.tls) return grpc::InsecureServerCredentials();
  auto ca = read_file(settings.tls->ca);
  auto certificate = read_file(settings.tls->certificate);
  auto key = read_file(settings.tls->key);
  for (auto* text : {&ca, &certificate, &key})
    if (!*text) return text->error();
  grpc::SslServerCredentialsOptions options(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  options.pem_root_certs = *ca;
  options.pem_key_cert_pairs.push_back({*key, *certificate});
  return grpc::SslServerCredentials(options);
}

} // namespace

result<std::unique_ptr<grpc_server>> grpc_server::start(const config::listener_settings& settings,
                                                        const std::vector<named_service>& services,
                                                        std::shared_ptr<metrics> meter) {
  static const bool plugins = [] {
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    return true;
  }();
  static_cast<void>(plugins);
  auto who = credentials(settings);
  if (!who) return who.error();
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort(settings.address, *who, &port);
  builder.SetMaxReceiveMessageSize(max_request_bytes);
  // Two services on one port would each get half of the calls.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  std::unique_ptr<grpc_server> started(new grpc_server);
  for (const auto& [name, service] : services) {
    builder.RegisterService(service);
    started->names_.push_back(name);
  }
  std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> interceptors;
  interceptors.push_back(std::make_unique<rpc_meter>(std::move(meter), started->names_));
  builder.experimental().SetInterceptorCreators(std::move(interceptors));
  started->server_ = builder.BuildAndStart();
  if (!started->server_ || port == 0)
    return error{error_code::failed_precondition,
                 "cannot listen on " + settings.address + ": the address is in use or not of this machine",
                 "server.services.grpc.address",
                 {}};
  started->address_ = settings.address.substr(0, settings.address.rfind(':') + 1) + std::to_string(port);
  return started;
}

void grpc_server::set_serving(bool serving) {
  auto* health = server_->GetHealthCheckService();
  health->SetServingStatus(serving);
  for (const auto& name : names_)
    health->SetServingStatus(name, serving);
}

void grpc_server::stop() { server_->Shutdown(std::chrono::system_clock::now() + stop_grace); }

} // namespace ib
