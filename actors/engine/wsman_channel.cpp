#include "actors/engine/wsman_channel.hpp"

#include "actors/domain/registry_settings.hpp"
#include "actors/engine/wsman_names.hpp"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>

namespace ib {

namespace {

/// Ten thousand statuses are some ten megabytes.
constexpr int max_message_bytes = 256 * 1024 * 1024;
constexpr int keepalive_ms = 10'000;
constexpr int first_backoff_ms = 200;
constexpr int longest_backoff_ms = 5'000;
constexpr unsigned certificates_reread_s = 10;

std::shared_ptr<grpc::ChannelCredentials> credentials(const manager_address& where) {
  if (where.ca_file.empty()) return grpc::InsecureChannelCredentials();
  namespace tls = grpc::experimental;
  tls::TlsChannelCredentialsOptions options;
  options.set_certificate_provider(std::make_shared<tls::FileWatcherCertificateProvider>(
      where.key_file, where.certificate_file, where.ca_file, certificates_reread_s));
  options.watch_root_certs();
  options.watch_identity_key_cert_pairs();
  return tls::TlsCredentials(options);
}

} // namespace

std::shared_ptr<grpc::Channel> open_channel(const manager_address& where) {
  grpc::ChannelArguments arguments;
  if (!where.ca_file.empty()) arguments.SetSslTargetNameOverride(wsman_names::server);
  arguments.SetMaxReceiveMessageSize(max_message_bytes);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, keepalive_ms);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, keepalive_ms);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, first_backoff_ms);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, longest_backoff_ms); // how long a connect may take
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, longest_backoff_ms);
  // A second engine in this process (tests) has connections of its own.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  auto host = where.address.substr(0, where.address.rfind(':'));
  if (is_loopback_domain(host)) arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return grpc::CreateCustomChannel(where.address, credentials(where), arguments);
}

} // namespace ib
