#pragma once

#include "actors/build_channel.hpp"
#include "gateway/answers.hpp"
#include "gateway/build_stream.hpp"
#include "gateway/grpc_server.hpp"
#include "gateway/log_stream.hpp"
#include "gateway/wire.hpp"

#include <catch2/catch.hpp>
#include <grpcpp/create_channel.h>
#include <image-builder-api/imgbuilder.grpc.pb.h>

#include <algorithm>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace ib::test {

/// Answers every call by a stream over one channel, or as the request's text asks for.
class one_channel_service final
    : public builder::ImageBuilder::WithGenericMethod_Build<
          builder::ImageBuilder::WithGenericMethod_Logs<builder::ImageBuilder::Service>> {
public:
  one_channel_service(channel_ptr channel, const stream_house& house, bool counts_itself)
      : channel_(std::move(channel)),
        counts_(*house.meter, builder::ImageBuilder::service_full_name()),
        log_house_(counts_itself ? house.counted_by(counts_.of("Logs")) : house),
        build_house_(counts_itself ? house.counted_by(counts_.of("Build")) : house) {}

  std::vector<streaming_method> streaming() {
    return {{"/builder.ImageBuilder/Logs", [this](stream_call& call) { logs(call); }},
            {"/builder.ImageBuilder/Build", [this](stream_call& call) { build(call); }}};
  }

  /// The ticket of the call that asked to be held.
  std::shared_ptr<stream_ticket> held() { return held_.get_future().get(); }
  bool all_gone() const {
    return std::all_of(streams_.begin(), streams_.end(), [](const auto& stream) { return stream.expired(); });
  }

private:
  void logs(stream_call& call) {
    builder::LogsRequest wish;
    if (!parse(call.request(), wish)) return call.finish(grpc::Status::CANCELLED);
    begin(make_stream<log_stream>(call, log_house_, wish.censored()), wish.build_id());
  }
  void build(stream_call& call) {
    builder::BuildRequest wish;
    if (!parse(call.request(), wish)) return call.finish(grpc::Status::CANCELLED);
    auto stream = make_stream<build_stream>(call, build_house_);
    if (wish.triggered_by() == "existing") {
      keep_in_sight(stream);
      stream->answer_existing("registry.example/ws:1", "registry.example/base:1");
    } else if (wish.triggered_by() == "joining") {
      keep_in_sight(stream);
      stream->join(channel_);
    } else {
      begin(stream, wish.triggered_by());
    }
  }

  void begin(const std::shared_ptr<pull_stream>& stream, const std::string& how) {
    keep_in_sight(stream);
    if (how == "lost")
      stream_ticket lost(stream);
    else if (how == "held")
      held_.set_value(std::make_shared<stream_ticket>(stream));
    else if (how == "refused")
      stream->refuse({error_code::not_found, "no such build", "", {}});
    else
      stream->stream(channel_);
  }

  void keep_in_sight(const std::shared_ptr<pull_stream>& stream) {
    std::lock_guard turn(streams_mutex_);
    streams_.push_back(stream);
  }

  channel_ptr channel_;
  call_counts counts_;
  const stream_house log_house_;
  const stream_house build_house_;
  std::mutex streams_mutex_;
  std::promise<std::shared_ptr<stream_ticket>> held_;
  std::vector<std::weak_ptr<pull_stream>> streams_;
};

inline build_identity identity() {
  build_identity who;
  who.build_id = "b1";
  who.workspace_ref = "registry.example/ws:1";
  who.base_ref = "registry.example/base:1";
  who.created_ms = 1'700'000'000'000;
  who.log_url = "http://127.0.0.1:1/logs/b1";
  who.owner_token = "owner-token";
  return who;
}

/// A server on a free loopback port and a client of it.
struct served {
  explicit served(uint64_t retention = 0, bool access_comes_later = false, bool counts_itself = true)
      : channel(std::make_shared<build_channel>(identity(), retention)),
        service(channel, {draining, meter, access_comes_later}, counts_itself) {
    auto started = ib::grpc_server::start(
        {"127.0.0.1:0", std::nullopt},
        {{builder::ImageBuilder::service_full_name(), &service, counts_itself, service.streaming()}}, meter);
    REQUIRE(started);
    server = std::move(*started);
    stub = builder::ImageBuilder::NewStub(
        grpc::CreateChannel(server->address(), grpc::InsecureChannelCredentials()));
  }
  /// Ends the server; every stream must let go then.
  ~served() {
    channel->wake_all();
    server->stop();
    server.reset();
    channel->wake_all();
    CHECK(service.all_gone());
  }
  void append(std::string_view text) {
    channel->log().append(text);
    channel->wake_all();
  }
  void close() {
    channel->log().close();
    channel->wake_all();
  }
  void publish(build_status status, const std::string& message) {
    channel->publish({status, message});
    channel->wake_all();
  }
  void publish_access(const std::string& url, const std::string& owner_token) {
    channel->publish_access(std::make_shared<const log_access>(log_access{url, owner_token}));
    channel->wake_all();
  }
  void drain() {
    *draining = true;
    channel->wake_all();
  }
  /// Until a stream waits for more.
  void wait_until_parked(size_t count = 1) {
    while (channel->parked() < count)
      std::this_thread::yield();
  }

  std::shared_ptr<std::atomic<bool>> draining = std::make_shared<std::atomic<bool>>(false);
  channel_ptr channel;
  std::shared_ptr<metrics> meter = std::make_shared<metrics>();
  one_channel_service service;
  std::unique_ptr<ib::grpc_server> server;
  std::unique_ptr<builder::ImageBuilder::Stub> stub;
};

/// One Logs call of a client.
struct log_call {
  explicit log_call(served& to, const std::string& how = "", bool censored = false) {
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
    builder::LogsRequest request;
    request.set_build_id(how);
    request.set_censored(censored);
    reader = to.stub->Logs(&context, request);
  }
  /// The next message's bytes, empty at the end.
  std::string next() {
    builder::LogsResponse response;
    return reader->Read(&response) ? response.content() : "";
  }
  std::string read(size_t bytes) {
    std::string text;
    while (text.size() < bytes) {
      auto more = next();
      if (more.empty()) break;
      text += more;
    }
    return text;
  }
  std::string rest() { return read(SIZE_MAX); }
  grpc::Status finish() { return reader->Finish(); }

  grpc::ClientContext context;
  std::unique_ptr<grpc::ClientReader<builder::LogsResponse>> reader;
};

/// One Build call of a client.
struct build_call {
  explicit build_call(served& to, const std::string& how = "") {
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
    builder::BuildRequest request;
    request.set_triggered_by(how);
    reader = to.stub->Build(&context, request);
  }
  builder::BuildResponse next() {
    builder::BuildResponse response;
    CHECK(reader->Read(&response));
    return response;
  }
  bool at_end() {
    builder::BuildResponse response;
    return !reader->Read(&response);
  }
  grpc::Status finish() { return reader->Finish(); }

  grpc::ClientContext context;
  std::unique_ptr<grpc::ClientReader<builder::BuildResponse>> reader;
};

inline std::string line(size_t i) { return "line " + std::to_string(i) + " of the build\n"; }

} // namespace ib::test
