#include "gateway/stream_call.hpp"

#include "gateway/grpc_server.hpp"
#include "gateway/wire.hpp"

#include <catch2/catch.hpp>
#include <grpcpp/create_channel.h>
#include <image-builder-api/imgbuilder.grpc.pb.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <future>
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
  std::atomic<bool> gone_{false};
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

TEST_CASE("of many calls at once a few stay near, and each queue gets its part of the others",
          "[stream_call]") {
  /// Writes one message and waits for its client to go away.
  class greeting final : public stream_writer {
  public:
    greeting(stream_call& call, std::function<void()> written) : call_(call), written_(std::move(written)) {
      call.set_writer(*this);
      call.write(log_message("here"));
    }
    void on_write_done(bool) override { written_(); }
    void on_cancel() override { call_.finish(grpc::Status::CANCELLED); }
    void on_done() override { delete this; }

  private:
    stream_call& call_;
    std::function<void()> written_;
  };
  constexpr int at_once = 1000;
  constexpr int near = 64; // on the callback API's threads
  const int queues = static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 2U, 8U));
  std::mutex turn;
  std::map<std::thread::id, int> by_thread;
  {
    logs_house house([&](stream_call& call) {
      new greeting(call, [&] {
        std::lock_guard held(turn);
        ++by_thread[std::this_thread::get_id()];
      });
    });
    std::vector<std::unique_ptr<logs_house::call>> calls;
    for (int i = 0; i < at_once; ++i)
      calls.push_back(house.logs("b1"));
    for (auto& call : calls)
      CHECK(call->next() == "here");
  }
  const int part = (at_once - near) / queues;
  auto busy = std::count_if(by_thread.begin(), by_thread.end(),
                            [&](const auto& entry) { return entry.second >= part * 3 / 4; });
  CHECK(busy == queues);
  // The first ones are on the callback API's threads, and only they.
  CHECK(by_thread.size() > static_cast<size_t>(queues));
}

TEST_CASE("a client that leaves before its call is served costs nothing", "[stream_call]") {
  std::promise<void> left;
  std::promise<void> served;
  logs_house house([&](stream_call& call) {
    if (call.header("traceparent") != "leaves") return echo(call);
    left.get_future().wait();
    (new endless(call))->write();
    served.set_value();
  });
  auto call = house.logs("b1", "leaves");
  call->context.TryCancel();
  CHECK(call->reader->Finish().error_code() == grpc::StatusCode::CANCELLED);
  left.set_value();
  served.get_future().wait();
  CHECK(house.logs("b2")->next() == "b2 ");
}
