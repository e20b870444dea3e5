#include "tests/support/wsman_standin/grpc_side.hpp"

#include "ws-manager-api/core.grpc.pb.h"

#include <grpcpp/server_builder.h>

#include <netinet/in.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>

namespace ib::standin {

namespace {

/// How often a subscription looks whether its client is still there.
constexpr int look_again_ms = 50;
constexpr int longest_message = 256 * 1024 * 1024;

int reserve_port(int& port) {
  int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* any = reinterpret_cast<sockaddr*>(&address);
  if (fd < 0 || ::bind(fd, any, size) != 0 || ::getsockname(fd, any, &size) != 0)
    throw std::runtime_error("cannot reserve a port");
  port = ntohs(address.sin_port);
  return fd;
}

grpc::Status status_of(const scripted_answer& answer) {
  return {static_cast<grpc::StatusCode>(answer.code), answer.message};
}

} // namespace

class grpc_side::service final : public wsman::WorkspaceManager::Service {
public:
  explicit service(book& what) : book_(what) {}

  grpc::Status GetWorkspaces(grpc::ServerContext* context, const wsman::GetWorkspacesRequest* request,
                             wsman::GetWorkspacesResponse* response) override {
    book_.record(request->must_match());
    auto how = next_answer("GetWorkspaces", context);
    if (how && how->code != 0) return status_of(*how);
    for (auto& status : book_.list(request->must_match()))
      *response->add_status() = std::move(status);
    return grpc::Status::OK;
  }

  grpc::Status StartWorkspace(grpc::ServerContext* context, const wsman::StartWorkspaceRequest* request,
                              wsman::StartWorkspaceResponse* response) override {
    book_.record(*request);
    auto how = next_answer("StartWorkspace", context);
    if (context->IsCancelled()) return grpc::Status::CANCELLED; // it was held, and its caller has left
    if (how && how->code != 0 && !how->do_it) return status_of(*how);
    bool fresh = book_.start(*request, *response, how.value_or(scripted_answer{}));
    if (how && how->code != 0) return status_of(*how);
    if (!fresh) return {grpc::StatusCode::ALREADY_EXISTS, "workspace " + request->id() + " exists already"};
    return grpc::Status::OK;
  }

  grpc::Status StopWorkspace(grpc::ServerContext* context, const wsman::StopWorkspaceRequest* request,
                             wsman::StopWorkspaceResponse*) override {
    book_.record(*request);
    auto how = next_answer("StopWorkspace", context);
    if (how && how->code != 0 && !how->do_it) return status_of(*how);
    // A scripted OK does nothing unless told: the workspace lingers.
    bool there = how && !how->do_it ? book_.describe(request->id()).has_value() : book_.stop(*request);
    if (how && how->code != 0) return status_of(*how);
    if (!there) return {grpc::StatusCode::NOT_FOUND, "workspace " + request->id() + " does not exist"};
    return grpc::Status::OK;
  }

  grpc::Status DescribeWorkspace(grpc::ServerContext* context, const wsman::DescribeWorkspaceRequest* request,
                                 wsman::DescribeWorkspaceResponse* response) override {
    auto how = next_answer("DescribeWorkspace", context);
    if (how && how->code != 0) return status_of(*how);
    auto status = book_.describe(request->id());
    if (!status) return {grpc::StatusCode::NOT_FOUND, "workspace " + request->id() + " does not exist"};
    *response->mutable_status() = std::move(*status);
    return grpc::Status::OK;
  }

  grpc::Status Subscribe(grpc::ServerContext* context, const wsman::SubscribeRequest* request,
                         grpc::ServerWriter<wsman::SubscribeResponse>* writer) override {
    book_.record(request->must_match());
    auto how = next_answer("Subscribe", context);
    if (how && how->code != 0) return status_of(*how);
    auto who = book_.subscribe(request->must_match());
    std::optional<std::pair<int, std::string>> end;
    while (!context->IsCancelled() && !end) {
      if (auto message = book_.next(who, look_again_ms)) {
        if (!writer->Write(*message)) break;
      } else {
        end = book_.end_of(who);
      }
    }
    book_.unsubscribe(who);
    if (end) return {static_cast<grpc::StatusCode>(end->first), end->second};
    return grpc::Status::CANCELLED;
  }

private:
  std::optional<scripted_answer> next_answer(const char* method, const grpc::ServerContext* context) {
    return book_.next_answer(method, [context] { return context->IsCancelled(); });
  }

  book& book_;
};

grpc_side::grpc_side(book& what, std::optional<tls_texts> tls)
    : service_(std::make_unique<service>(what)), tls_(std::move(tls)), reserved_(reserve_port(port_)) {
  up();
}

grpc_side::~grpc_side() {
  down();
  ::close(reserved_);
}

void grpc_side::up() {
  if (server_) return;
  auto credentials = grpc::InsecureServerCredentials();
  if (tls_) {
    grpc::SslServerCredentialsOptions options(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
    options.pem_root_certs = tls_->ca;
    options.pem_key_cert_pairs.push_back({tls_->key, tls_->certificate});
    credentials = grpc::SslServerCredentials(options);
  }
  grpc::ServerBuilder builder;
  builder.AddListeningPort(address(), credentials);
  builder.SetMaxSendMessageSize(longest_message);
  // As an installed ws-manager does it: pings every 5 s are welcome, with and without calls.
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 5000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.RegisterService(service_.get());
  server_ = builder.BuildAndStart();
  if (!server_) throw std::runtime_error("cannot listen on " + address());
}

void grpc_side::down() {
  if (!server_) return;
  server_->Shutdown(std::chrono::system_clock::now());
  server_->Wait();
  server_.reset();
}

} // namespace ib::standin
