#include "tools/imgctl/log_reader.hpp"

#include <catch2/catch.hpp>
#include <grpcpp/server_builder.h>

#include <vector>

using namespace ib::imgctl;
namespace v1 = imagebuilder::v1;

namespace {

/// Serves a log in pieces, each stream of at most `pieces_per_stream` of them, which then breaks off.
class breaking_service final : public v1::Builds::Service {
public:
  grpc::Status ReadLog(grpc::ServerContext*, const v1::ReadLogRequest* request,
                       grpc::ServerWriter<v1::ReadLogResponse>* writer) override {
    offsets.push_back(request->offset());
    if (refusal.error_code() != grpc::StatusCode::OK) return refusal;
    auto at = static_cast<size_t>(request->offset());
    for (int i = 0; at < text.size(); ++i) {
      if (i == pieces_per_stream) return {grpc::StatusCode::UNAVAILABLE, "the service is stopping"};
      v1::ReadLogResponse piece;
      piece.set_offset(static_cast<int64_t>(at));
      piece.set_content(text.substr(at, 3));
      at += piece.content().size();
      piece.set_next_offset(static_cast<int64_t>(at));
      writer->Write(piece);
    }
    return grpc::Status::OK;
  }

  std::string text = "one two three four five six";
  int pieces_per_stream = 2;
  grpc::Status refusal;
  std::vector<int64_t> offsets;
};

struct reading {
  explicit reading(breaking_service& to) {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&to);
    server = builder.BuildAndStart();
    service = connect(global_options{"127.0.0.1:" + std::to_string(port)});
    REQUIRE(service);
  }
  ~reading() { server->Shutdown(std::chrono::system_clock::now()); }

  log_end read(int64_t offset = 0) {
    logs_options options;
    options.follow = true;
    options.offset = offset;
    log_reader reader(*service, options, "b1",
                      {[this](std::string_view bytes) { text += bytes; },
                       [this](const std::string& words) { notices.push_back(words); },
                       [this](int failures) {
                         waits.push_back(failures);
                         return static_cast<int>(waits.size()) < most_waits;
                       }});
    const auto end = reader.read();
    why = reader.why();
    return end;
  }

  std::unique_ptr<grpc::Server> server;
  outcome<connection> service = failure{};
  std::string text;
  std::vector<std::string> notices;
  std::vector<int> waits;
  int most_waits = 100;
  failure why;
};

} // namespace

TEST_CASE("a log is read on over broken streams without a gap or a repetition") {
  breaking_service service;
  reading log(service);
  CHECK(log.read() == log_end::complete);
  CHECK(log.text == service.text);
  CHECK(service.offsets == std::vector<int64_t>{0, 6, 12, 18, 24});
  CHECK(log.waits == std::vector<int>{0, 0, 0, 0});
  REQUIRE(log.notices.size() == 4);
  CHECK(log.notices[0] == "lost the connection; going on from byte 6");
}

TEST_CASE("a log can be begun at any byte") {
  breaking_service service;
  service.pieces_per_stream = 100;
  reading log(service);
  CHECK(log.read(4) == log_end::complete);
  CHECK(log.text == service.text.substr(4));
}

TEST_CASE("a reader that gives up says how to go on") {
  breaking_service service;
  reading log(service);
  log.most_waits = 2;
  CHECK(log.read() == log_end::failed);
  CHECK(log.text == service.text.substr(0, 12));
  CHECK(log.why.code == exit_code::unavailable);
  CHECK(log.why.message.ends_with("the rest: imgctl logs -f --offset 12 b1"));
}

TEST_CASE("a service that was never there, or refuses, is not tried again") {
  breaking_service service;
  reading log(service);
  service.refusal = {grpc::StatusCode::UNAVAILABLE, "the journal is restarting"};
  CHECK(log.read() == log_end::failed);
  CHECK(log.why.code == exit_code::unavailable);
  service.refusal = {grpc::StatusCode::NOT_FOUND, "no build b1 is known"};
  CHECK(log.read() == log_end::failed);
  CHECK(log.why.code == exit_code::failed);
  service.refusal = {grpc::StatusCode::UNIMPLEMENTED, ""};
  CHECK(log.read() == log_end::unimplemented);
  CHECK(log.waits.empty());
  CHECK(log.text.empty());
}
