#include "tools/imgctl/connection.hpp"
#include "tools/imgctl/explain.hpp"

#include <catch2/catch.hpp>

using namespace ib::imgctl;
using grpc::StatusCode;

namespace {

failure explained(StatusCode code, const std::string& words, bool from_service = true) {
  return explain(grpc::Status(code, words), {"cannot resolve x", "host:1", from_service});
}

} // namespace

TEST_CASE("each gRPC code has its exit code") {
  CHECK(explained(StatusCode::INVALID_ARGUMENT, "m").code == exit_code::usage);
  CHECK(explained(StatusCode::UNAVAILABLE, "m").code == exit_code::unavailable);
  CHECK(explained(StatusCode::RESOURCE_EXHAUSTED, "m").code == exit_code::unavailable);
  CHECK(explained(StatusCode::DEADLINE_EXCEEDED, "m").code == exit_code::unavailable);
  CHECK(explained(StatusCode::UNIMPLEMENTED, "m").code == exit_code::unavailable);
  CHECK(explained(StatusCode::NOT_FOUND, "m").code == exit_code::failed);
  CHECK(explained(StatusCode::UNAUTHENTICATED, "m").code == exit_code::failed);
  CHECK(explained(StatusCode::PERMISSION_DENIED, "m").code == exit_code::failed);
  CHECK(explained(StatusCode::INTERNAL, "m").code == exit_code::failed);
}

TEST_CASE("an explanation is one line with what was tried and what the service said") {
  const auto message = explained(StatusCode::NOT_FOUND, "cannot\nresolve\x1b[2J image").message;
  CHECK(message.starts_with("cannot resolve x: not found: cannot; resolve image"));
  CHECK(message.find('\n') == std::string::npos);
}

TEST_CASE("no connection names the address, the cause and how to start the service") {
  const auto f =
      explained(StatusCode::UNAVAILABLE, "failed to connect; last error: a: Connection refused", false);
  CHECK(f.code == exit_code::unavailable);
  CHECK(f.message.find("host:1 (Connection refused)") != std::string::npos);
  CHECK(f.message.find("image-builder run") != std::string::npos);
}

TEST_CASE("an upstream that the service cannot reach is not taken for a missing service") {
  const auto f = explained(StatusCode::UNAVAILABLE, "docker.io answered 429");
  CHECK(f.message.find("docker.io answered 429") != std::string::npos);
  CHECK(f.message.find("image-builder run") == std::string::npos);
}

TEST_CASE("addresses are a host and a port") {
  for (const char* good : {"127.0.0.1:8080", "localhost:1", "[::1]:65535", "build.example.com:443"})
    CHECK(check_address(good));
  for (const char* bad :
       {"", "localhost", ":80", "h:", "h:0", "h:65536", "h:x", "::1:80", "http://h:80", "h:80 "}) {
    const auto checked = check_address(bad);
    REQUIRE_FALSE(checked);
    CHECK(checked.why().code == exit_code::usage);
  }
}
