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
#include <mutex>
#include <thread>

using namespace ib;

namespace {

/// Answers every call by a stream over one channel, or as the request's text asks for.
class one_channel_service final
    : public builder::ImageBuilder::WithRawCallbackMethod_Build<
          builder::ImageBuilder::WithRawCallbackMethod_Logs<builder::ImageBuilder::Service>> {
public:
  one_channel_service(channel_ptr channel, drain_flag draining)
      : channel_(std::move(channel)), draining_(std::move(draining)) {}

  grpc::ServerWriteReactor<grpc::ByteBuffer>* Logs(grpc::CallbackServerContext*,
                                                   const grpc::ByteBuffer* request) override {
    builder::LogsRequest wish;
    if (!parse(*request, wish)) return nullptr;
    return begin(std::make_shared<log_stream>(draining_, wish.censored()), wish.build_id());
  }
  grpc::ServerWriteReactor<grpc::ByteBuffer>* Build(grpc::CallbackServerContext*,
                                                    const grpc::ByteBuffer* request) override {
    builder::BuildRequest wish;
    if (!parse(*request, wish)) return nullptr;
    auto stream = std::make_shared<build_stream>(draining_);
    if (wish.triggered_by() == "existing") {
      keep_in_sight(stream);
      stream->answer_existing("registry.example/ws:1", "registry.example/base:1");
      return stream.get();
    }
    return begin(stream, wish.triggered_by());
  }

  /// The ticket of the call that asked to be held.
  std::shared_ptr<stream_ticket> held() { return held_.get_future().get(); }
  bool all_gone() const {
    return std::all_of(streams_.begin(), streams_.end(), [](const auto& stream) { return stream.expired(); });
  }

private:
  grpc::ServerWriteReactor<grpc::ByteBuffer>* begin(const std::shared_ptr<pull_stream>& stream,
                                                    const std::string& how) {
    keep_in_sight(stream);
    if (how == "lost")
      stream_ticket lost(stream);
    else if (how == "held")
      held_.set_value(std::make_shared<stream_ticket>(stream));
    else if (how == "refused")
      stream->refuse({error_code::not_found, "no such build", "", {}});
    else
      stream->stream(channel_);
    return stream.get();
  }

  void keep_in_sight(const std::shared_ptr<pull_stream>& stream) {
    stream->hold();
    std::lock_guard turn(streams_mutex_);
    streams_.push_back(stream);
  }

  channel_ptr channel_;
  drain_flag draining_;
  std::mutex streams_mutex_;
  std::promise<std::shared_ptr<stream_ticket>> held_;
  std::vector<std::weak_ptr<pull_stream>> streams_;
};

build_identity identity() {
  build_identity who;
  who.build_id = "b1";
  who.workspace_ref = "registry.example/ws:1";
  who.base_ref = "registry.example/base:1";
  who.started_at = 1'700'000'000;
  who.log_url = "http://127.0.0.1:1/logs/b1";
  who.owner_token = "owner-token";
  who.censored_words = {"registry.example/ws:1", "registry.example/ws"};
  return who;
}

/// A server on a free loopback port and a client of it.
struct served {
  explicit served(uint64_t retention = 0) : channel(std::make_shared<build_channel>(identity(), retention)) {
    auto started = ib::grpc_server::start({"127.0.0.1:0", std::nullopt}, {&service});
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
  one_channel_service service{channel, draining};
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

std::string line(size_t i) { return "line " + std::to_string(i) + " of the build\n"; }

} // namespace

TEST_CASE("a log is replayed from its first byte and ends with the build", "[stream]") {
  served place;
  place.append("one\ntwo\n");
  place.close();
  log_call call(place);
  CHECK(call.rest() == "one\ntwo\n");
  CHECK(call.finish().ok());
}

TEST_CASE("an empty log ends with the build, too", "[stream]") {
  served place;
  log_call call(place);
  place.wait_until_parked();
  place.close();
  CHECK(call.rest().empty());
  CHECK(call.finish().ok());
}

TEST_CASE("a late listener replays and then follows without a gap", "[stream]") {
  served place;
  place.append("one\n");
  log_call call(place);
  CHECK(call.read(4) == "one\n");
  place.wait_until_parked();
  place.append("two\n");
  CHECK(call.read(4) == "two\n");
  place.append("three\n");
  place.close();
  CHECK(call.rest() == "three\n");
  CHECK(call.finish().ok());
}

TEST_CASE("no listener misses a byte while the log grows in another thread", "[stream]") {
  constexpr size_t lines = 3'000;
  constexpr size_t listeners = 4;
  served place;
  std::string expected;
  for (size_t i = 0; i < lines; ++i)
    expected += line(i);
  std::vector<std::string> read(listeners);
  std::vector<grpc::Status> ends(listeners);
  std::vector<std::thread> threads;
  for (size_t i = 0; i < listeners; ++i)
    threads.emplace_back([&, i] {
      log_call call(place);
      read[i] = call.rest();
      ends[i] = call.finish();
    });
  for (size_t i = 0; i < lines; ++i) {
    place.append(line(i));
    if (i % 100 == 0) place.wait_until_parked();
  }
  place.close();
  for (auto& thread : threads)
    thread.join();
  for (size_t i = 0; i < listeners; ++i) {
    CHECK(ends[i].ok());
    CHECK((read[i] == expected));
  }
}

TEST_CASE("a listener that goes away while it waits frees its stream", "[stream]") {
  served place;
  place.append("one\n");
  log_call call(place);
  CHECK(call.read(4) == "one\n");
  place.wait_until_parked();
  call.context.TryCancel();
  CHECK(call.rest().empty());
  CHECK(call.finish().error_code() == grpc::StatusCode::CANCELLED);
  // The fixture sees to it that the stream is gone.
}

TEST_CASE("a listener that goes away amid a long log frees its stream", "[stream]") {
  served place;
  place.channel->log().append(std::string(32 << 20, 'x'));
  log_call call(place);
  CHECK_FALSE(call.next().empty());
  call.context.TryCancel();
  call.rest();
  CHECK(call.finish().error_code() == grpc::StatusCode::CANCELLED);
}

TEST_CASE("a listener that goes away before its stream begins is no harm", "[stream]") {
  served place;
  place.append("one\n");
  log_call call(place, "held");
  auto ticket = place.service.held();
  call.context.TryCancel();
  CHECK(call.rest().empty());
  CHECK(call.finish().error_code() == grpc::StatusCode::CANCELLED);
  ticket->take()->stream(place.channel);
}

TEST_CASE("a slow listener delays neither the log nor another listener, and misses nothing", "[stream]") {
  served place;
  log_call slow(place);
  place.append("first\n");
  CHECK(slow.read(6) == "first\n");
  std::string big(16 << 20, 'x');
  for (size_t i = 0; i < big.size(); i += 1000)
    big[i] = static_cast<char>('a' + i % 26);
  for (size_t at = 0; at < big.size(); at += 1 << 20)
    place.append(std::string_view(big).substr(at, 1 << 20));
  place.close();
  log_call quick(place);
  CHECK((quick.rest() == "first\n" + big));
  CHECK(quick.finish().ok());
  CHECK((slow.rest() == big));
  CHECK(slow.finish().ok());
}

TEST_CASE("a stopping service ends streams after their last byte", "[stream]") {
  served place;
  place.append("one\n");
  log_call waiting(place);
  CHECK(waiting.read(4) == "one\n");
  build_call build(place);
  build.next();
  place.wait_until_parked(2);
  place.append("two\n");
  place.drain();
  CHECK(waiting.rest() == "two\n");
  CHECK(waiting.finish().error_code() == grpc::StatusCode::UNAVAILABLE);
  CHECK(build.at_end());
  CHECK(build.finish().error_code() == grpc::StatusCode::UNAVAILABLE);
  log_call late(place);
  CHECK(late.rest() == "one\ntwo\n");
  CHECK(late.finish().error_code() == grpc::StatusCode::UNAVAILABLE);
}

TEST_CASE("a log that is whole ends well although the service stops", "[stream]") {
  served place;
  place.append("one\n");
  place.close();
  place.drain();
  log_call call(place);
  CHECK(call.rest() == "one\n");
  CHECK(call.finish().ok());
}

TEST_CASE("a call that is lost inside the service ends with UNAVAILABLE", "[stream]") {
  served place;
  log_call log(place, "lost");
  CHECK(log.rest().empty());
  CHECK(log.finish().error_code() == grpc::StatusCode::UNAVAILABLE);
  build_call build(place, "lost");
  CHECK(build.at_end());
  CHECK(build.finish().error_code() == grpc::StatusCode::UNAVAILABLE);
}

TEST_CASE("a ticket gives its stream once", "[stream]") {
  served place;
  place.close();
  log_call call(place, "held");
  auto ticket = place.service.held();
  auto stream = ticket->take();
  CHECK(ticket->take() == nullptr);
  stream->stream(place.channel);
  CHECK(call.rest().empty());
  CHECK(call.finish().ok());
}

TEST_CASE("a refused call ends with its reason", "[stream]") {
  served place;
  log_call call(place, "refused");
  CHECK(call.rest().empty());
  auto status = call.finish();
  CHECK(status.error_code() == grpc::StatusCode::NOT_FOUND);
  CHECK(status.error_message() == "no such build");
}

TEST_CASE("a dropped beginning is told with its size, and the rest is whole", "[stream]") {
  auto censored = GENERATE(false, true);
  served place(4096);
  std::string all;
  for (size_t i = 0; i < 20'000; ++i)
    all += line(i);
  place.append(all);
  place.close();
  auto dropped = place.channel->log().begin_offset();
  REQUIRE(dropped > 0);
  log_call call(place, "", censored);
  CHECK(call.next() == "[image-builder: the first " + std::to_string(dropped) +
                           " bytes of this log are not kept any more]\n");
  CHECK((call.rest() == all.substr(dropped)));
  CHECK(call.finish().ok());
}

TEST_CASE("a censored log hides a name that straddles two reads, and shows the rest at once", "[stream]") {
  served place;
  log_call censored(place, "", true);
  log_call plain(place);
  place.append("pushing registry.exa");
  CHECK(censored.read(8) == "pushing ");
  place.append("mple/ws:1 now\nregistry.example/");
  CHECK(plain.read(51).size() == 51);
  place.append("other registry.exam");
  place.close();
  CHECK(censored.rest() == "[censored] now\nregistry.example/other registry.exam");
  CHECK(censored.finish().ok());
  CHECK(plain.rest() == "other registry.exam");
}

TEST_CASE("a censored log hides a name at the border of its blocks", "[stream]") {
  served place;
  const std::string name = "registry.example/ws:1";
  std::string all(log_buffer::first_block_bytes - name.size() / 2, 'x');
  place.append(all + name + "end");
  place.close();
  log_call call(place, "", true);
  CHECK(call.rest() == all + "[censored]end");
}

TEST_CASE("a build's stream begins with full information, at once", "[stream]") {
  served place;
  build_call call(place);
  auto first = call.next();
  CHECK(first.status() == builder::running);
  CHECK(first.ref() == "registry.example/ws:1");
  CHECK(first.base_ref() == "registry.example/base:1");
  CHECK(first.info().build_id() == "b1");
  CHECK(first.info().ref() == "registry.example/ws:1");
  CHECK(first.info().base_ref() == "registry.example/base:1");
  CHECK(first.info().status() == builder::running);
  CHECK(first.info().started_at() == 1'700'000'000);
  CHECK(first.info().log_info().url() == "http://127.0.0.1:1/logs/b1");
  CHECK(first.info().log_info().headers().at("x-gitpod-owner-token") == "owner-token");
  place.publish(build_status::failure, "build failed: no");
  auto last = call.next();
  CHECK(last.status() == builder::done_failure);
  CHECK(last.message() == "build failed: no");
  CHECK(last.info().status() == builder::done_failure);
  CHECK(call.at_end());
  CHECK(call.finish().ok());
}

TEST_CASE("each update of a build comes in order, to early and late watchers", "[stream]") {
  served place;
  build_call early(place);
  CHECK(early.next().message() == "accepted");
  place.wait_until_parked();
  place.publish(build_status::running, "cloning");
  CHECK(early.next().message() == "cloning");
  place.publish(build_status::running, "building");
  build_call late(place);
  CHECK(late.next().message() == "accepted");
  CHECK(late.next().message() == "cloning");
  place.publish(build_status::success, "");
  for (auto* call : {&early, &late}) {
    CHECK(call->next().message() == "building");
    CHECK(call->next().status() == builder::done_success);
    CHECK(call->at_end());
    CHECK(call->finish().ok());
  }
}

TEST_CASE("no watcher misses an update that is published in another thread", "[stream]") {
  constexpr int updates = 1'000;
  served place;
  std::vector<std::vector<std::string>> seen(4);
  std::vector<std::thread> threads;
  for (auto& mine : seen)
    threads.emplace_back([&] {
      build_call call(place);
      builder::BuildResponse response;
      while (call.reader->Read(&response))
        mine.push_back(response.message());
      if (!call.finish().ok()) mine.emplace_back("the call failed");
    });
  std::vector<std::string> expected{"accepted"};
  for (int i = 1; i <= updates; ++i) {
    expected.push_back(std::to_string(i));
    if (i % 50 == 0) place.wait_until_parked();
    place.publish(i == updates ? build_status::success : build_status::running, std::to_string(i));
  }
  for (auto& thread : threads)
    thread.join();
  for (const auto& mine : seen)
    CHECK(mine == expected);
}

TEST_CASE("an image that exists is answered once", "[stream]") {
  served place;
  build_call call(place, "existing");
  auto only = call.next();
  CHECK(only.status() == builder::done_success);
  CHECK(only.ref() == "registry.example/ws:1");
  CHECK(only.base_ref() == "registry.example/base:1");
  CHECK(call.at_end());
  CHECK(call.finish().ok());
}

TEST_CASE("a list of builds carries no secret", "[stream]") {
  build_channel channel(identity(), 0);
  CHECK(build_info(channel, false).log_info().headers().empty());
  CHECK(build_info(channel, false).status() == builder::running);
  channel.publish({build_status::success, ""});
  CHECK(build_info(channel, false).status() == builder::done_success);
}
