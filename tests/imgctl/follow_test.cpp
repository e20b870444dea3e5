#include "tests/imgctl/support.hpp"
#include "tools/imgctl/follow.hpp"

#include <catch2/catch.hpp>

#include <csignal>

using namespace ib::imgctl;
using namespace ib::imgctl::testing;

namespace {

/// A follower with plain output into memory.
struct fixture {
  memory_sink sink;
  std::unique_ptr<build_output> output = make_plain_output(sink);
  follower follow{{"127.0.0.1:8080", false}, *output};

  bool told(const std::string& part) const { return sink.stderr_bytes.find(part) != std::string::npos; }
};

const build_ended clean_end{{grpc::Status::OK, true}};
const log_ended log_done{{grpc::Status::OK, true}};
const grpc::Status broken(grpc::StatusCode::UNAVAILABLE, "Socket closed");

} // namespace

TEST_CASE_METHOD(fixture, "the log is asked for once, at the first response that names the build") {
  follow.on(running("queued", ""), at(0));
  CHECK_FALSE(follow.take_log_wish());
  follow.on(running("cloning"), at(1));
  CHECK(follow.take_log_wish() == "id-1");
  follow.on(log_done, at(2));
  follow.on(running("building"), at(3));
  CHECK_FALSE(follow.take_log_wish());
}

TEST_CASE_METHOD(fixture, "the result waits for the end of the log") {
  follow.on(running("building"), at(0));
  REQUIRE(follow.take_log_wish());
  follow.on(done(builder::done_success), at(1));
  follow.on(clean_end, at(2));
  follow.on_tick(at(100));
  CHECK_FALSE(follow.exit_status());
  follow.on(log_bytes{"late"}, at(200));
  CHECK(sink.stdout_bytes == "late");
  follow.on(log_done, at(201));
  CHECK(follow.exit_status() == 0);
  CHECK(sink.stderr_bytes == "==> building\nbase reg/base:1\nworkspace reg/workspace:1\n");
}

TEST_CASE_METHOD(fixture, "a log that never ends is waited for as long as it lives and a bound longer") {
  follow.on(running("building"), at(0));
  REQUIRE(follow.take_log_wish());
  follow.on(done(builder::done_failure, "build failed: x"), at(0));
  follow.on(log_bytes{"x"}, at(50'000));
  follow.on_tick(at(109'999));
  CHECK_FALSE(follow.exit_status());
  follow.on_tick(at(110'000));
  CHECK(follow.exit_status() == 1);
  CHECK(told("the log did not come to its end"));
}

TEST_CASE_METHOD(fixture, "an image that exists already ends at once without a log") {
  follow.on(done(builder::done_success), at(0));
  CHECK(follow.exit_status() == 0);
  CHECK_FALSE(follow.take_log_wish());
}

TEST_CASE_METHOD(fixture, "a failed build is exit code 1") {
  follow.on(done(builder::done_failure, "build failed: x"), at(0));
  CHECK(follow.exit_status() == 1);
  CHECK(told("error: build failed: x"));
}

TEST_CASE_METHOD(fixture, "a stream that ends before the build says how to join again") {
  follow.on(running("building"), at(0));
  follow.on(clean_end, at(1));
  CHECK(follow.exit_status() == 3);
  CHECK(told("imgctl logs -f id-1"));
  CHECK(told("the same imgctl build command"));
}

TEST_CASE_METHOD(fixture, "a broken connection shows the log that still comes and is told once") {
  follow.on(running("building"), at(0));
  REQUIRE(follow.take_log_wish());
  follow.on(build_ended{{broken, false}}, at(1));
  follow.on(log_bytes{"rest"}, at(2));
  CHECK_FALSE(follow.exit_status());
  follow.on(log_ended{{broken, false}}, at(3));
  CHECK(follow.exit_status() == 3);
  CHECK(sink.stdout_bytes == "rest");
  CHECK_FALSE(told("the log ended early"));
  CHECK(told("lost the build at 127.0.0.1:8080: Socket closed"));
}

TEST_CASE_METHOD(fixture, "after the loss of the build a silent log is not waited for") {
  follow.on(running("building"), at(0));
  REQUIRE(follow.take_log_wish());
  follow.on(build_ended{{broken, false}}, at(1));
  follow.on_tick(at(2001));
  CHECK(follow.exit_status() == 3);
}

TEST_CASE_METHOD(fixture, "no service and a refused request differ in exit code and words") {
  follow.on(build_ended{{grpc::Status(grpc::StatusCode::UNAVAILABLE, "a: Connection refused"), false}},
            at(0));
  CHECK(follow.exit_status() == 3);
  CHECK(told("image-builder run"));

  fixture other;
  other.follow.on(build_ended{{grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "source.file"), true}},
                  at(0));
  CHECK(other.follow.exit_status() == 2);
  CHECK(other.told("source.file"));
}

TEST_CASE_METHOD(fixture, "a log that cannot be had is told while the build goes on") {
  follow.on(running("building"), at(0));
  REQUIRE(follow.take_log_wish());
  follow.on(log_ended{{grpc::Status(grpc::StatusCode::NOT_FOUND, "gone"), true}}, at(1));
  CHECK(told("the log ended early: not found: gone"));
  CHECK_FALSE(follow.exit_status());
  follow.on(done(builder::done_success), at(2));
  CHECK(follow.exit_status() == 0);
}

TEST_CASE_METHOD(fixture, "Ctrl-C leaves the build running and says how to come back") {
  follow.on(running("building"), at(0));
  follow.on_signal(SIGINT, at(1));
  CHECK(follow.exit_status() == 130);
  CHECK(told("detached, the build goes on"));
  CHECK(told("imgctl logs -f id-1"));
}

TEST_CASE_METHOD(fixture, "Ctrl-C while only the log is missing keeps the result") {
  follow.on(running("building"), at(0));
  REQUIRE(follow.take_log_wish());
  follow.on(done(builder::done_failure, "build failed: x"), at(1));
  follow.on_signal(SIGINT, at(2));
  CHECK(follow.exit_status() == 1);
}

TEST_CASE("a detached build prints its id and leaves") {
  memory_sink sink;
  const auto output = make_plain_output(sink);
  follower follow({"other:1", true}, *output);
  follow.on(running("queued"), at(0));
  CHECK(follow.exit_status() == 0);
  CHECK(sink.stdout_bytes == "id-1\n");
  CHECK(sink.stderr_bytes.find("imgctl --address other:1 logs -f id-1") != std::string::npos);
  CHECK_FALSE(follow.take_log_wish());
}
