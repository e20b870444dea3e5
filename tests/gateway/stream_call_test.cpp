#include "gateway/stream_call.hpp"

#include "gateway/grpc_server.hpp"
#include "gateway/wire.hpp"

#include <catch2/catch.hpp>
#include <grpcpp/create_channel.h>
#include <image-builder-api/imgbuilder.grpc.pb.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace ib;

namespace {

/// A server whose Logs is answered by a function, and a client of it.
class logs_house {
public:
  explicit logs_house(std::function<void(stream_call&)> serve) {
    auto started = ib::grpc_server::start({"127.0.0.1:0", std::nullopt},
                                          {{builder::ImageBuilder::service_full_name(),
                                            &service_,
                                            true,
                                            {{"/builder.ImageBuilder/Logs", std::move(serve)}}}},
                                          std::make_shared<metrics>());
    REQUIRE(started);
    server_ = std::move(*started);
    stub_ = builder::ImageBuilder::NewStub(
        grpc::CreateChannel(server_->address(), grpc::InsecureChannelCredentials()));
  }
  ~logs_house() { server_->stop(); }

  struct call {
    grpc::ClientContext context;
    std::unique_ptr<grpc::ClientReader<builder::LogsResponse>> reader;
    std::string next() {
      builder::LogsResponse response;
      return reader->Read(&response) ? response.content() : "";
    }
  };
  std::unique_ptr<call> logs(const std::string& build_id, const std::string& trace = "") {
    auto made = std::make_unique<call>();
    made->context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
    if (!trace.empty()) made->context.AddMetadata("traceparent", trace);
    builder::LogsRequest request;
    request.set_build_id(build_id);
    made->reader = stub_->Logs(&made->context, request);
    return made;
  }

private:
  builder::ImageBuilder::WithGenericMethod_Logs<builder::ImageBuilder::Service> service_;
  std::unique_ptr<ib::grpc_server> server_;
  std::unique_ptr<builder::ImageBuilder::Stub> stub_;
};

/// Answers with what the client asked and sent, and ends.
void echo(stream_call& call) {
  builder::LogsRequest request;
  CHECK(parse(call.request(), request));
  call.write_and_finish(log_message(request.build_id() + " " + std::string(call.header("traceparent"))));
}

/// Writes a message with each turn until its client goes away.
class endless final : public stream_writer {
public:
  explicit endless(stream_call& call) : call_(call) { call.set_writer(*this); }
  void write() { call_.write(log_message(std::string(64, 'x'))); }
  void on_write_done(bool ok) override {
    if (gone_ || !ok)
      call_.finish(grpc::Status::CANCELLED);
    else
      write();
  }
  void on_cancel() override { gone_ = true; }
  void on_done() override { delete this; }

private:
  stream_call& call_;
  bool gone_ = false;
};

} // namespace

TEST_CASE("a call shows what its client asked and sent", "[stream_call]") {
  logs_house house(echo);
  auto call = house.logs("b1", "a-trace");
  CHECK(call->next() == "b1 a-trace");
  CHECK(call->next().empty());
  CHECK(call->reader->Finish().ok());
  CHECK(house.logs("b2")->next() == "b2 ");
}

TEST_CASE("a stream that cannot be served ends alone", "[stream_call]") {
  logs_house house([](stream_call& call) {
    if (call.header("traceparent") == "fails") throw std::runtime_error("of no use");
    echo(call);
  });
  auto fails = house.logs("b1", "fails");
  CHECK(fails->next().empty());
  CHECK(fails->reader->Finish().error_code() == grpc::StatusCode::UNAVAILABLE);
  CHECK(house.logs("b2")->next() == "b2 ");
}

TEST_CASE("a status reaches the client with its text", "[stream_call]") {
  logs_house house([](stream_call& call) {
    call.finish({grpc::StatusCode::NOT_FOUND, "no build \"ü\"\nhere"});
  });
  auto status = house.logs("b1")->reader->Finish();
  CHECK(status.error_code() == grpc::StatusCode::NOT_FOUND);
  CHECK(status.error_message() == "no build \"ü\"\nhere");
}

TEST_CASE("more calls than are awaited are served at the same time", "[stream_call]") {
  logs_house house([](stream_call& call) { (new endless(call))->write(); });
  std::vector<std::unique_ptr<logs_house::call>> calls;
  for (int i = 0; i < 200; ++i)
    calls.push_back(house.logs("b1"));
  for (int round = 0; round < 3; ++round)
    for (auto& call : calls)
      CHECK(call->next().size() == 64);
  for (auto& call : calls) {
    call->context.TryCancel();
    CHECK(call->reader->Finish().error_code() == grpc::StatusCode::CANCELLED);
  }
}

TEST_CASE("calls that come one after the other go to all queues alike", "[stream_call]") {
  std::mutex turn;
  std::map<std::thread::id, int> served;
  constexpr int calls = 2000; // many: the first ones go to the first queue until it waits for none
  {
    logs_house house([&](stream_call& call) {
      {
        std::lock_guard held(turn);
        ++served[std::this_thread::get_id()];
      }
      echo(call);
    });
    for (int i = 0; i < calls; ++i)
      CHECK(house.logs("b1")->next() == "b1 ");
  }
  REQUIRE(served.size() >= 2);
  for (const auto& [thread, count] : served)
    CHECK(count >= calls / static_cast<int>(2 * served.size()));
}
