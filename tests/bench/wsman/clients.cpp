#include "tests/bench/wsman/clients.hpp"

#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/client_callback.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <utility>

namespace ib::bench {

namespace {

/// How many wait for their first response at a time.
constexpr size_t most_beginning = 200;
constexpr std::chrono::minutes patience{10};
/// What a client is told once its build runs.
constexpr const char* running_words = "building";

} // namespace

std::shared_ptr<grpc::Channel> connection_to(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetMaxReceiveMessageSize(256 * 1024 * 1024);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

/// The library keeps it until OnDone.
class clients::log_reader final : public grpc::ClientReadReactor<builder::LogsResponse> {
public:
  log_reader(clients& all, client& who, const std::string& build_id) : all_(all), who_(who) {
    request_.set_build_id(build_id);
    all_.stub_of(who_).async()->Logs(&context_, &request_, this);
    StartRead(&response_);
    StartCall();
  }
  void OnReadDone(bool ok) override {
    if (!ok) return;
    all_.heard(who_, response_.content());
    StartRead(&response_);
  }
  void OnDone(const grpc::Status& status) override {
    all_.log_ended(status);
    delete this;
  }

private:
  clients& all_;
  client& who_;
  grpc::ClientContext context_;
  builder::LogsRequest request_;
  builder::LogsResponse response_;
};

class clients::build_reader final : public grpc::ClientReadReactor<builder::BuildResponse> {
public:
  build_reader(clients& all, client& who) : all_(all), who_(who) {
    auto* file = request_.mutable_source()->mutable_file();
    file->mutable_source()->mutable_git()->set_remote_uri("https://git.example/repository.git");
    file->set_dockerfile_version(all.prefix_ + std::to_string(who.number));
    request_.set_triggered_by("user-" + std::to_string(who.number % 100));
    all_.stub_of(who_).async()->Build(&context_, &request_, this);
    StartRead(&response_);
    StartCall();
  }
  void OnReadDone(bool ok) override {
    if (!ok) return;
    if (!all_.told(who_, response_)) context_.TryCancel();
    StartRead(&response_);
  }
  void OnDone(const grpc::Status& status) override {
    all_.ended(who_, status);
    delete this;
  }

private:
  clients& all_;
  client& who_;
  grpc::ClientContext context_;
  builder::BuildRequest request_;
  builder::BuildResponse response_;
};

clients::clients(std::string address, size_t count, size_t connections, std::string prefix,
                 build_streams kept)
    : prefix_(std::move(prefix)), kept_(kept), all_(count) {
  for (size_t i = 0; i < connections; ++i)
    stubs_.push_back(builder::ImageBuilder::NewStub(connection_to(address)));
  for (size_t i = 0; i < count; ++i)
    all_[i].number = i;
}

void clients::begin() {
  for (size_t i = 0; i < std::min(most_beginning, all_.size()); ++i)
    begin_next();
  wait([this] { return greeted_ == all_.size(); });
}

void clients::begin_next() {
  client* who = nullptr;
  {
    std::lock_guard lock(mutex_);
    if (begun_ == all_.size()) return;
    who = &all_[begun_++];
    ++streams_;
  }
  new build_reader(*this, *who);
}

bool clients::told(client& who, const builder::BuildResponse& response) {
  bool first = false;
  bool stays = true;
  {
    std::lock_guard lock(mutex_);
    first = !std::exchange(who.greeted, true);
    who.last_message = response.message();
    if (!who.runs && who.last_message == running_words) {
      who.runs = true;
      ++running_;
    }
    stays = kept_ == build_streams::until_the_end || !who.runs;
    if (first) {
      ++greeted_;
      ++streams_;
    }
  }
  if (first) {
    new log_reader(*this, who, response.info().build_id());
    begin_next();
  }
  return stays;
}

void clients::heard(client& who, const std::string& content) {
  if (who.heard || content.find("line ") == std::string::npos) return;
  std::lock_guard lock(mutex_);
  who.heard = true;
  ++heard_;
}

void clients::log_ended(const grpc::Status& status) {
  std::lock_guard lock(mutex_);
  --streams_;
  if (failure_.empty()) failure_ = "a log ended: " + status.error_message();
}

void clients::ended(client& who, const grpc::Status& status) {
  std::lock_guard lock(mutex_);
  --streams_;
  if (kept_ == build_streams::until_running && who.runs) return;
  if (failure_.empty()) failure_ = "a Build stream ended: " + status.error_message();
}

void clients::wait_until_running() {
  auto streams = kept_ == build_streams::until_running ? all_.size() : 2 * all_.size();
  wait([&] { return running_ == all_.size() && streams_ == streams; });
}

void clients::wait_until_heard() {
  wait([this] { return heard_ == all_.size(); });
}

void clients::wait_until_told(const std::string& message) {
  wait([&] {
    return std::all_of(all_.begin(), all_.end(),
                       [&](const auto& who) { return who.last_message.find(message) != std::string::npos; });
  });
}

void clients::wait(const std::function<bool()>& done) {
  std::unique_lock lock(mutex_);
  auto until = std::chrono::steady_clock::now() + patience;
  // Looks a few times a second only: looking at ten thousand costs more than what is measured.
  while (!done()) {
    if (!failure_.empty()) throw std::runtime_error(failure_);
    if (std::chrono::steady_clock::now() > until) throw std::runtime_error("the clients wait for too long");
    never_.wait_for(lock, std::chrono::milliseconds(50), [] { return false; });
  }
}

} // namespace ib::bench
