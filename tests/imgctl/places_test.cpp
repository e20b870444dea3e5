#include "tests/imgctl/support.hpp"
#include "tools/imgctl/places.hpp"
#include "tools/imgctl/service_config.hpp"
#include "tools/imgctl/watch/http.hpp"

#include <catch2/catch.hpp>

using namespace ib::imgctl;
using ib::imgctl::testing::temporary_file;

namespace {

const environment nothing = [](const std::string&) { return std::optional<std::string>(); };

const std::string whole = R"({
  "server": {"services": {"grpc": {"address": ":8443", "tls": {"caPath": "ca", "certPath": "crt", "keyPath": "key"}}}},
  "debug": {"address": "0.0.0.0:7070", "tokenFile": "token"}})";

} // namespace

TEST_CASE("without anything the service is where it is without a configuration", "[places]") {
  const auto found = find_service({});
  REQUIRE(found);
  CHECK(found->address == "127.0.0.1:8080");
  CHECK(find_debug(*found, nothing)->url == "http://127.0.0.1:6060");
  CHECK_FALSE(found->tls.wanted());
}

TEST_CASE("the service's configuration says where it is, and flags come before it", "[places]") {
  const temporary_file file(whole);
  global_options given;
  given.config = file.path();
  auto found = find_service(given);
  REQUIRE(found);
  CHECK(found->address == "127.0.0.1:8443");
  CHECK(found->tls.ca == "ca");
  CHECK(found->tls.key == "key");
  CHECK(found->debug == "127.0.0.1:7070");
  CHECK(found->debug_token_file == "token");
  given.address = "other:1";
  given.debug = "https://debug.test/";
  found = find_service(given);
  REQUIRE(found);
  CHECK(found->address == "other:1");
  CHECK_FALSE(found->tls.wanted());
  CHECK(found->debug_token_file.empty());
  CHECK(find_debug(*found, nothing)->url == "https://debug.test");
}

TEST_CASE("what a configuration cannot say is named with the flag that can", "[places]") {
  auto why = [](const std::string& text) {
    const auto found = read_service_config("file", text);
    REQUIRE_FALSE(found);
    CHECK(found.why().code == exit_code::usage);
    return found.why().message;
  };
  CHECK(why("no json").find("check-config") != std::string::npos);
  CHECK(why("[]").find("no JSON object") != std::string::npos);
  CHECK(why(R"({"debug":{"address":"127.0.0.1:0"}})").find("--debug-address") != std::string::npos);
  CHECK(why(R"({"server":{"services":{"grpc":{"address":":0"}}}})").find("--address") != std::string::npos);
  REQUIRE(read_service_config("file", R"({"debug":{"address":"[::]:6060"}})"));
  CHECK(read_service_config("file", R"({"debug":{"address":"[::]:6060"}})")->debug == "[::1]:6060");
  CHECK(read_service_config("file", R"({"debug":{"address":7}})")->debug.empty());
  global_options missing;
  missing.config = "/no/such/file";
  CHECK(find_service(missing).why().code == exit_code::usage);
}

TEST_CASE("halves of TLS are refused", "[places]") {
  global_options given;
  given.tls.certificate = "crt";
  CHECK(find_service(given).why().message == "--cert and --key belong together");
  given.tls.key = "key";
  CHECK(find_service(given).why().message.find("--ca") != std::string::npos);
  given.tls.ca = "ca";
  CHECK(find_service(given));
}

TEST_CASE("a token comes from a variable or a file, never from an empty one", "[places]") {
  const temporary_file file("t0ken\nmore\n");
  const temporary_file empty("\n");
  auto given = *find_service({});
  given.debug_token_file = file.path();
  CHECK(find_debug(given, nothing)->token == "t0ken");
  const environment has = [](const std::string& name) {
    return name == "IMGCTL_DEBUG_TOKEN" ? std::optional<std::string>("other") : std::nullopt;
  };
  CHECK(find_debug(given, has)->token == "other");
  given.debug_token_file = empty.path();
  CHECK(find_debug(given, nothing).why().code == exit_code::usage);
  given.debug = "off";
  CHECK(find_debug(given, nothing).why().code == exit_code::unavailable);
  given.debug = "no port";
  CHECK(find_debug(given, nothing).why().message.starts_with("--debug-address"));
}

TEST_CASE("an endpoint that does not answer is explained with what to do", "[places]") {
  debug_place place{"http://h:1", "", {}};
  CHECK(explain_endpoint(place, 0, "refused", "").code == exit_code::unavailable);
  CHECK(explain_endpoint(place, 401, "", "x").message.find("wants a token") != std::string::npos);
  place.token = "s3cret";
  const auto refused = explain_endpoint(place, 401, "", "x");
  CHECK(refused.message.find("refuses this token") != std::string::npos);
  CHECK(refused.message.find("s3cret") == std::string::npos);
  CHECK(explain_endpoint(place, 403, "", "ask for localhost\n").message.ends_with(": ask for localhost"));
  CHECK(explain_endpoint(place, 404, "", "<html>").message.find("not the debug endpoint") !=
        std::string::npos);
  CHECK(explain_endpoint(place, 200, "", "").code == exit_code::failed);
}
