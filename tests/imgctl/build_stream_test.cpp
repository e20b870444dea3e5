#include "tools/imgctl/build_stream.hpp"

#include <catch2/catch.hpp>
#include <grpcpp/server_builder.h>
#include <poll.h>

#include <future>

using namespace ib::imgctl;

namespace {

/// A service whose build waits for the client to go away, and whose log is as long as the test says.
class fake_service final : public builder::ImageBuilder::Service {
public:
  explicit fake_service(size_t log_chunks) : log_chunks_(log_chunks) {}

  grpc::Status Build(grpc::ServerContext* context, const builder::BuildRequest*,
                     grpc::ServerWriter<builder::BuildResponse>* writer) override {
    builder::BuildResponse response;
    response.set_status(builder::running);
    response.mutable_info()->set_build_id("id-1");
    while (writer->Write(response) && !context->IsCancelled()) {
    }
    build_left.set_value();
    return grpc::Status::CANCELLED;
  }

  grpc::Status Logs(grpc::ServerContext*, const builder::LogsRequest* request,
                    grpc::ServerWriter<builder::LogsResponse>* writer) override {
    if (request->build_id() != "id-1") return {grpc::StatusCode::NOT_FOUND, "no such build"};
    builder::LogsResponse response;
    for (size_t i = 0; i < log_chunks_; ++i) {
      response.set_content(std::string(64 << 10, static_cast<char>('a' + i % 26)));
      if (!writer->Write(response)) break;
    }
    return grpc::Status::OK;
  }

  std::promise<void> build_left; ///< set when the client of the one Build call is gone

private:
  const size_t log_chunks_;
};

/// The service on a free loopback port.
struct running_service {
  explicit running_service(size_t log_chunks) : service(log_chunks) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&service);
    server = builder.BuildAndStart();
  }
  ~running_service() { server->Shutdown(std::chrono::system_clock::now()); }

  fake_service service;
  int port = 0;
  std::unique_ptr<grpc::Server> server;
};

event next(event_queue& events) {
  pollfd ready{events.descriptor(), POLLIN, 0};
  REQUIRE(::poll(&ready, 1, 60'000) == 1);
  auto e = events.pop();
  REQUIRE(e);
  return *std::move(e);
}

} // namespace

TEST_CASE("a log larger than the queue arrives whole and in order, its end last") {
  running_service server(200);
  auto service = connect(global_options{"127.0.0.1:" + std::to_string(server.port)});
  REQUIRE(service);
  build_stream stream(*service, {});
  stream.start_log("id-1");
  std::string log;
  for (bool ended = false; !ended;) {
    const auto e = next(stream.events());
    if (const auto* bytes = std::get_if<log_bytes>(&e)) log += bytes->content;
    if (const auto* end = std::get_if<log_ended>(&e)) {
      CHECK(end->status.ok());
      ended = true;
    }
  }
  REQUIRE(log.size() == 200u * (64 << 10));
  for (size_t i = 0; i < 200; ++i)
    REQUIRE(log[i * (64 << 10)] == static_cast<char>('a' + i % 26));
}

TEST_CASE("a stream nobody reads is left without waiting for it") {
  running_service server(200);
  auto service = connect(global_options{"127.0.0.1:" + std::to_string(server.port)});
  REQUIRE(service);
  {
    build_stream stream(*service, {});
    stream.start_log("id-1");
    next(stream.events());
  }
  CHECK(server.service.build_left.get_future().wait_for(std::chrono::seconds(60)) ==
        std::future_status::ready);
}

TEST_CASE("an error of the service is told apart from a missing service") {
  running_service server(0);
  auto service = connect(global_options{"127.0.0.1:" + std::to_string(server.port)});
  REQUIRE(service);
  build_stream stream(*service, {});
  stream.start_log("other");
  for (;;) {
    const auto e = next(stream.events());
    const auto* end = std::get_if<log_ended>(&e);
    if (end == nullptr) continue;
    CHECK(end->status.error_code() == grpc::StatusCode::NOT_FOUND);
    CHECK(end->from_service);
    break;
  }
}
