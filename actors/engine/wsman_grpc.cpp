#include "actors/engine/wsman_channel.hpp"
#include "actors/engine/wsman_start.hpp"
#include "actors/engine/wsman_wire.hpp"
#include "ws-manager-api/core.grpc.pb.h"

#include <grpcpp/client_context.h>
#include <grpcpp/support/client_callback.h>

#include <atomic>
#include <chrono>
#include <stop_token>
#include <utility>

namespace ib {

namespace {

constexpr std::chrono::seconds call_timeout{10};
/// ws-manager makes a pod before it answers.
constexpr std::chrono::seconds start_timeout{60};

error_code code_of(grpc::StatusCode code) {
  switch (code) {
  case grpc::StatusCode::UNAVAILABLE:
    return error_code::unavailable;
  case grpc::StatusCode::DEADLINE_EXCEEDED:
    return error_code::deadline_exceeded;
  case grpc::StatusCode::NOT_FOUND:
    return error_code::not_found;
  case grpc::StatusCode::CANCELLED:
    return error_code::cancelled;
  case grpc::StatusCode::INVALID_ARGUMENT:
    return error_code::invalid_argument;
  case grpc::StatusCode::UNAUTHENTICATED:
    return error_code::unauthenticated;
  case grpc::StatusCode::PERMISSION_DENIED:
    return error_code::permission_denied;
  case grpc::StatusCode::RESOURCE_EXHAUSTED:
    return error_code::resource_exhausted;
  case grpc::StatusCode::FAILED_PRECONDITION:
    return error_code::failed_precondition;
  default:
    return error_code::internal;
  }
}

error to_error(const grpc::Status& status) {
  return {code_of(status.error_code()), "ws-manager: " + status.error_message(), "", {}};
}

/// What is under way with ws-manager: counted, so that its end can be waited for, and told to end.
struct under_way {
  std::stop_source stop;
  std::atomic<int> count{0};

  /// One of them, for as long as it lives.
  class presence {
  public:
    explicit presence(std::shared_ptr<under_way> all) : all_(std::move(all)) { all_->count.fetch_add(1); }
    ~presence() {
      all_->count.fetch_sub(1);
      all_->count.notify_all();
    }
    presence(const presence&) = delete;
    presence& operator=(const presence&) = delete;

    std::stop_token stop() const { return all_->stop.get_token(); }

  private:
    std::shared_ptr<under_way> all_;
  };

  void close() {
    stop.request_stop();
    for (auto left = count.load(); left > 0; left = count.load())
      count.wait(left);
  }
};

/// Cancels a call when everything is to end.
using cancellation = std::stop_callback<std::function<void()>>;

/// One unary call; alive until its callback has run. The members are in the order of their lives: when the
/// presence ends, nothing of the caller's is left.
template <class Request, class Response>
struct unary_call {
  explicit unary_call(std::shared_ptr<under_way> all) : here(std::move(all)) {}

  under_way::presence here;
  std::function<void(const grpc::Status&, Response&)> done;
  grpc::ClientContext context;
  Request request;
  Response response;
  std::optional<cancellation> end;
};

/// `begin` is the method of the asynchronous stub, bound to it.
template <class Request, class Response, class Begin>
void call(const std::shared_ptr<under_way>& all, std::chrono::seconds timeout, Request request, Begin begin,
          std::function<void(const grpc::Status&, Response&)> done) {
  auto one = std::make_shared<unary_call<Request, Response>>(all);
  one->request = std::move(request);
  one->done = std::move(done);
  one->context.set_deadline(std::chrono::system_clock::now() + timeout);
  begin(&one->context, &one->request, &one->response,
        [one](const grpc::Status& status) { one->done(status, one->response); });
  // Only now: a context that is cancelled before its call begins cancels nothing.
  one->end.emplace(one->here.stop(), [context = &one->context] { context->TryCancel(); });
}

/// The Subscribe call. Keeps itself alive until the library is done with it.
class subscribe_call : public grpc::ClientReadReactor<wsman::SubscribeResponse> {
public:
  subscribe_call(std::shared_ptr<under_way> all, std::function<void(workspace_status)> changed,
                 std::function<void(error)> ended)
      : here_(std::move(all)), changed_(std::move(changed)), ended_(std::move(ended)) {}

  void begin(wsman::WorkspaceManager::Stub& stub, std::shared_ptr<subscribe_call> self) {
    *request_.mutable_must_match() = our_workspaces();
    stub.async()->Subscribe(&context_, &request_, this);
    StartRead(&response_);
    end_.emplace(here_.stop(), [this] { context_.TryCancel(); });
    self_ = std::move(self);
    StartCall();
  }

  void cancel() {
    dropped_ = true;
    context_.TryCancel();
  }

  void OnReadDone(bool ok) override {
    if (!ok) return;
    if (!dropped_ && response_.has_status()) changed_(to_status(response_.status()));
    StartRead(&response_);
  }

  void OnDone(const grpc::Status& status) override {
    auto self = std::move(self_);
    if (dropped_) return;
    ended_(status.ok() ? error{error_code::unavailable, "ws-manager ended the subscription", "", {}}
                       : to_error(status));
  }

private:
  under_way::presence here_;
  std::function<void(workspace_status)> changed_;
  std::function<void(error)> ended_;
  std::shared_ptr<subscribe_call> self_;
  std::atomic<bool> dropped_{false};
  grpc::ClientContext context_;
  wsman::SubscribeRequest request_;
  wsman::SubscribeResponse response_;
  std::optional<cancellation> end_;
};

class grpc_subscription final : public workspace_subscription {
public:
  explicit grpc_subscription(std::shared_ptr<subscribe_call> call) : call_(std::move(call)) {}
  ~grpc_subscription() override { call_->cancel(); }

private:
  std::shared_ptr<subscribe_call> call_;
};

class grpc_manager final : public workspace_manager {
public:
  grpc_manager(const manager_address& where, workspace_template common)
      : stub_(wsman::WorkspaceManager::NewStub(open_channel(where))), common_(std::move(common)) {}
  ~grpc_manager() override { calls_->close(); }

  void list(std::function<void(result<std::vector<workspace_status>>)> done) override {
    wsman::GetWorkspacesRequest request;
    *request.mutable_must_match() = our_workspaces();
    call<wsman::GetWorkspacesRequest, wsman::GetWorkspacesResponse>(
        calls_, call_timeout, std::move(request),
        [this](grpc::ClientContext* context, auto... rest) {
          // Waits while the connection is made: the answer comes as soon as ws-manager is back.
          context->set_wait_for_ready(true);
          stub_->async()->GetWorkspaces(context, rest...);
        },
        [done = std::move(done)](const grpc::Status& status, wsman::GetWorkspacesResponse& response) {
          if (!status.ok()) return done(to_error(status));
          std::vector<workspace_status> all;
          all.reserve(static_cast<size_t>(response.status_size()));
          for (const auto& one : response.status())
            all.push_back(to_status(one));
          done(std::move(all));
        });
  }

  std::unique_ptr<workspace_subscription> subscribe(std::function<void(workspace_status)> changed,
                                                    std::function<void(error)> ended) override {
    auto one = std::make_shared<subscribe_call>(calls_, std::move(changed), std::move(ended));
    one->begin(*stub_, one);
    return std::make_unique<grpc_subscription>(std::move(one));
  }

  void start(std::shared_ptr<const build_plan> plan, from_credentials credentials,
             std::function<void(result<started_workspace>)> done) override {
    auto request = start_request(*plan, common_, credentials);
    if (!request) return done(request.error());
    call<wsman::StartWorkspaceRequest, wsman::StartWorkspaceResponse>(
        calls_, start_timeout, std::move(*request),
        [this](auto... call) { stub_->async()->StartWorkspace(call...); },
        [done = std::move(done)](const grpc::Status& status, wsman::StartWorkspaceResponse& response) {
          if (status.error_code() == grpc::StatusCode::ALREADY_EXISTS)
            return done(started_workspace{true, "", ""});
          if (!status.ok()) return done(to_error(status));
          done(started_workspace{false, response.url(), response.owner_token()});
        });
  }

  void describe(const std::string& id, std::function<void(result<workspace_status>)> done) override {
    wsman::DescribeWorkspaceRequest request;
    request.set_id(id);
    call<wsman::DescribeWorkspaceRequest, wsman::DescribeWorkspaceResponse>(
        calls_, call_timeout, std::move(request),
        [this](auto... call) { stub_->async()->DescribeWorkspace(call...); },
        [done = std::move(done)](const grpc::Status& status, wsman::DescribeWorkspaceResponse& response) {
          if (!status.ok()) return done(to_error(status));
          done(to_status(response.status()));
        });
  }

  void stop(const std::string& id, std::function<void(result<void>)> done) override {
    wsman::StopWorkspaceRequest request;
    request.set_id(id);
    // A build leaves nothing behind that would have to be backed up.
    request.set_policy(wsman::IMMEDIATELY);
    call<wsman::StopWorkspaceRequest, wsman::StopWorkspaceResponse>(
        calls_, call_timeout, std::move(request),
        [this](auto... call) { stub_->async()->StopWorkspace(call...); },
        [done = std::move(done)](const grpc::Status& status, wsman::StopWorkspaceResponse&) {
          if (!status.ok()) return done(to_error(status));
          done({});
        });
  }

  void close() override { calls_->close(); }

private:
  std::shared_ptr<under_way> calls_ = std::make_shared<under_way>();
  std::unique_ptr<wsman::WorkspaceManager::Stub> stub_;
  workspace_template common_;
};

} // namespace

std::unique_ptr<workspace_manager> make_workspace_manager(const manager_address& where,
                                                          workspace_template common) {
  return std::make_unique<grpc_manager>(where, std::move(common));
}

} // namespace ib
