#include "gateway/grpc_server.hpp"

#include "actors/io/log.hpp"
#include "gateway/grpc_tls.hpp"
#include "gateway/rpc_meter.hpp"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/server_builder.h>

#include <chrono>

namespace ib {

namespace {

constexpr int max_request_bytes = 16 * 1024 * 1024;
/// For calls to end, and for who has none to hear that the server leaves.
constexpr std::chrono::milliseconds stop_grace{5'000};
constexpr std::chrono::milliseconds farewell{500};

/// Follows the TLS files of the listener; null where it speaks plainly.
result<std::shared_ptr<io::tls_watch>> watch_files(const config::listener_settings& settings) {
  if (!settings.tls) return std::shared_ptr<io::tls_watch>();
  const auto& files = *settings.tls;
  auto watch = io::tls_watch::begin({files.ca, files.certificate, files.key}, "grpc");
  if (watch) return watch;
  auto why = watch.error();
  why.field = "server.services.grpc.tls";
  return why;
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
  auto files = watch_files(settings);
  if (!files) return files.error();
  grpc::ServerBuilder builder;
  int port = 0;
  auto credentials = *files ? watched_tls_credentials(*files) : grpc::InsecureServerCredentials();
  // gRPC wants a host; this one is every address, of IPv4 as well, and where there is no IPv6.
  auto address = settings.address.starts_with(':') ? "[::]" + settings.address : settings.address;
  builder.AddListeningPort(address, credentials, &port);
  builder.SetMaxReceiveMessageSize(max_request_bytes);
  // We compress no answer, and the filter that could keeps some of each stream's memory. What a client has
  // compressed is read by another one.
  builder.AddChannelArgument(GRPC_ARG_ENABLE_PER_MESSAGE_COMPRESSION, 0);
  // Two services on one port would each get half of the calls.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  std::unique_ptr<grpc_server> started(new grpc_server);
  started->certificates_ = *files;
  started->credentials_ = std::move(credentials);
  std::vector<std::string> counted;
  std::vector<streaming_method> streams;
  for (const auto& named : services) {
    builder.RegisterService(named.service);
    started->names_.push_back(named.name);
    if (!named.counts_itself) counted.push_back(named.name);
    streams.insert(streams.end(), named.streams.begin(), named.streams.end());
  }
  started->queues_ = std::make_unique<stream_queues>(builder, std::move(streams));
  builder.RegisterCallbackGenericService(&started->others_);
  std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> interceptors;
  interceptors.push_back(std::make_unique<rpc_meter>(std::move(meter), counted));
  builder.experimental().SetInterceptorCreators(std::move(interceptors));
  started->server_ = builder.BuildAndStart();
  if (!started->server_ || port == 0)
    return error{error_code::failed_precondition,
                 "cannot listen on " + settings.address + ": the address is in use or not of this machine",
                 "server.services.grpc.address",
                 {}};
  started->queues_->open();
  started->address_ = settings.address.substr(0, settings.address.rfind(':') + 1) + std::to_string(port);
  return started;
}

grpc_server::~grpc_server() {
  if (server_) stop();
}

void grpc_server::set_serving(bool serving) {
  auto* health = server_->GetHealthCheckService();
  health->SetServingStatus(serving);
  for (const auto& name : names_)
    health->SetServingStatus(name, serving);
}

void grpc_server::stop() {
  // The library waits for each connection, and some clients read nothing while they ask nothing. Unary calls
  // are answered by now; who takes longer to read a large answer asks once more.
  const auto streams = queues_->served();
  if (streams > 0) io::log_info("waiting for streams to end", {{"streams", std::to_string(streams)}});
  server_->Shutdown(std::chrono::system_clock::now() + (streams > 0 ? stop_grace : farewell));
  queues_->close();
}

} // namespace ib
