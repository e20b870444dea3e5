#include "tools/imgctl/connection.hpp"

#include "tools/imgctl/files.hpp"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <cctype>
#include <tuple>

namespace ib::imgctl {
namespace {

bool is_port(const std::string& text) {
  const auto digit = [](unsigned char c) { return std::isdigit(c) != 0; };
  if (text.empty() || text.size() > 5 || !std::all_of(text.begin(), text.end(), digit)) return false;
  const int port = std::stoi(text);
  return port >= 1 && port <= 65535;
}

bool is_loopback(const std::string& address) {
  return address.starts_with("127.") || address.starts_with("localhost:") || address.starts_with("[::1]:");
}

grpc::ChannelArguments channel_arguments(const std::string& address) {
  grpc::ChannelArguments args;
  // A host that swallows packets is reported after 5 s instead of 20.
  args.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 5000);
  // A service that restarts is back within moments.
  args.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 200);
  args.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 5000);
  // A build can be silent for long: notice a peer that vanished. Servers answer pings more frequent than
  // every 5 min, their default limit, by closing the connection.
  args.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 330000);
  args.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20000);
  args.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  args.SetMaxReceiveMessageSize(64 << 20);
  // http_proxy is about other hosts; gRPC would send even loopback through it.
  if (is_loopback(address)) args.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return args;
}

outcome<std::shared_ptr<grpc::ChannelCredentials>> credentials_of(const tls_options& tls) {
  if (!tls.wanted()) return grpc::InsecureChannelCredentials();
  grpc::SslCredentialsOptions files;
  for (const auto& [flag, path, into] : {std::tuple{"--ca", &tls.ca, &files.pem_root_certs},
                                         std::tuple{"--cert", &tls.certificate, &files.pem_cert_chain},
                                         std::tuple{"--key", &tls.key, &files.pem_private_key}}) {
    if (path->empty()) continue;
    auto text = read_input(flag, *path);
    if (!text) return text.why();
    *into = std::move(*text);
  }
  return grpc::SslCredentials(files);
}

} // namespace

outcome<std::string> check_address(const std::string& address, const std::string& flag) {
  const auto colon = address.rfind(':');
  const auto host = address.substr(0, colon == std::string::npos ? 0 : colon);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  const bool plain = !host.empty() && host.find_first_of(":/[] ") == std::string::npos;
  if ((!bracketed && !plain) || !is_port(address.substr(colon + 1)))
    return usage_error(flag + ": \"" + address + "\" is not HOST:PORT, as in " +
                       "127.0.0.1:8080 or [::1]:8080");
  return address;
}

outcome<connection> connect(const global_options& global) {
  const auto& address = global.address;
  auto checked = check_address(address);
  if (!checked) return checked.why();
  auto credentials = credentials_of(global.tls);
  if (!credentials) return credentials.why();
  auto arguments = channel_arguments(address);
  if (!global.tls.server_name.empty()) arguments.SetSslTargetNameOverride(global.tls.server_name);
  auto channel = grpc::CreateCustomChannel("dns:///" + address, *credentials, arguments);
  return connection{address, builder::ImageBuilder::NewStub(channel),
                    imagebuilder::v1::Builds::NewStub(channel), channel};
}

void bound(grpc::ClientContext& context) {
  context.set_deadline(std::chrono::system_clock::now() + answer_timeout);
}

bool answered_by_service(const grpc::ClientContext& context, const grpc::Status& status) {
  // gRPC tells the two apart in text alone. A call that found no connection lacks the mark; one whose
  // connection broke has it as well, but with words of the transport.
  if (context.debug_error_string().find("Error received from peer") == std::string::npos) return false;
  const auto& words = status.error_message();
  const auto says = [&words](const char* part) { return words.find(part) != std::string::npos; };
  return words != "Socket closed" && !says("Connection reset by peer") && !says("Broken pipe") &&
         !says("keepalive watchdog timeout") && !says("GOAWAY received");
}

} // namespace ib::imgctl
