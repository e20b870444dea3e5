#include "tests/io/registry_calls.hpp"
#include "tests/support/registry_process.hpp"
#include "tests/support/scripted_server.hpp"
#include "tests/support/test_images.hpp"

#include <arpa/inet.h>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace ib;
using namespace ib::io;
using namespace ib::test;

// Ways to a registry: mirrors, proxies, IPv6.

namespace {

std::string image_answer(char digest) {
  return scripted_server::response("200 OK",
                                   std::string("Content-Type: ") + oci_image_type +
                                       "\r\nDocker-Content-Digest: sha256:" + std::string(64, digest) +
                                       "\r\n",
                                   "");
}

/// Resolves an image of `origin` with `mirror` before it.
result<found_image> resolve_mirrored(const std::string& mirror, const scripted_server& origin) {
  registry_settings settings;
  settings.registries[origin.domain()].mirror = mirror;
  settings.request_timeout_ms = 2'000;
  return registry_calls(settings).resolve({{origin.domain(), "a", "v1", ""}, {}});
}

/// An environment variable for as long as the object lives.
class environment_variable {
public:
  environment_variable(std::string name, const std::string& value) : name_(std::move(name)) {
    ::setenv(name_.c_str(), value.c_str(), 1);
  }
  ~environment_variable() { ::unsetenv(name_.c_str()); }
  environment_variable(const environment_variable&) = delete;
  environment_variable& operator=(const environment_variable&) = delete;

private:
  std::string name_;
};

bool has_ipv6_loopback() {
  int descriptor = ::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return false;
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_addr = in6addr_loopback;
  bool usable = ::bind(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  ::close(descriptor);
  return usable;
}

const char* const proxy_program = IB_SOURCE_DIR "/tests/support/connect_proxy.py";

} // namespace

TEST_CASE("the registry itself answers where its mirror cannot") {
  auto answer = GENERATE(as<std::string>{}, scripted_server::response("404 Not Found", "", ""),
                         scripted_server::response("500 Oops", "", ""),
                         scripted_server::response("503 Unavailable", "", ""),
                         scripted_server::response("401 Unauthorized", "", ""),
                         scripted_server::response("200 OK", "Content-Type: text/html\r\n", "<html>"), "",
                         "SSH-2.0-server\r\n\r\n");
  CAPTURE(answer);
  scripted_server mirror([&](const std::string&) { return answer; });
  scripted_server origin([](const std::string&) { return image_answer('a'); });
  auto found = resolve_mirrored(mirror.domain(), origin);
  REQUIRE(found);
  CHECK(found->ref.to_string() == origin.domain() + "/a@sha256:" + std::string(64, 'a'));
  CHECK_FALSE(mirror.requests().empty());
}

TEST_CASE("a mirror that is down or hangs does not keep the registry from answering") {
  scripted_server origin([](const std::string&) { return image_answer('a'); });
  refusing_port down;
  CHECK(resolve_mirrored(down.domain(), origin));
  scripted_server hanging([](const std::string&) { return scripted_server::hang(); });
  CHECK(resolve_mirrored(hanging.domain(), origin));
}

TEST_CASE("where both fail the registry's own answer is told") {
  scripted_server mirror([](const std::string&) { return scripted_server::response("500 Oops", "", ""); });
  scripted_server origin([](const std::string&) { return scripted_server::response("404 Gone", "", ""); });
  auto found = resolve_mirrored(mirror.domain(), origin);
  REQUIRE_FALSE(found);
  CHECK(found.error().code == error_code::not_found);
  CHECK(contains(found.error().message, "not found in " + origin.domain()));
}

TEST_CASE("a mirror gets no credentials of the registry that it mirrors") {
  scripted_server mirror([](const std::string&) {
    return scripted_server::response("401 Unauthorized", "WWW-Authenticate: Basic realm=\"x\"\r\n", "");
  });
  scripted_server origin([](const std::string&) { return image_answer('a'); });
  registry_settings settings;
  settings.registries[origin.domain()].mirror = mirror.domain();
  registry_credential alice;
  alice.username = "alice";
  alice.password = "pw";
  registry_calls calls(settings, std::make_shared<fixed_credential>(origin.domain(), alice));
  CHECK(calls.resolve({{origin.domain(), "a", "v1", ""}, all_allowed()}));
  for (const auto& request : mirror.requests())
    CHECK_FALSE(contains(request, "Authorization"));
}

TEST_CASE("a registry is reached by HTTPS through the proxy of the environment") {
  registry_process registry(registry_process::setup{"127.0.0.1", {}, "DNS:registry.example.test", {}});
  child_process proxy({"/usr/bin/python3", proxy_program, registry.domain()});
  environment_variable variable("https_proxy", "http://" + listening_domain(proxy));
  registry_settings settings;
  settings.registries["registry.example.test"].ca_file = registry.ca_file();
  {
    registry_calls calls(settings);
    auto missing = calls.resolve({{"registry.example.test", "a", "v1", ""}, {}});
    REQUIRE_FALSE(missing);
    CHECK(missing.error().code == error_code::not_found);
  }
  CHECK(contains(proxy.wait_for_output("CONNECT"), "CONNECT registry.example.test:443 HTTP/1.1"));
}

TEST_CASE("a registry with plain HTTP is reached through the proxy of the environment") {
  scripted_server proxy([](const std::string&) { return image_answer('a'); });
  environment_variable variable("http_proxy", "http://" + proxy.domain());
  registry_settings settings;
  settings.registries["registry.example.test"].plain_http = true;
  {
    registry_calls calls(settings);
    CHECK(calls.resolve({{"registry.example.test", "a", "v1", ""}, {}}));
  }
  REQUIRE(proxy.requests().size() == 1);
  CHECK(proxy.requests()[0].starts_with("HEAD http://registry.example.test/v2/a/manifests/v1 HTTP/1.1\r\n"));
}

TEST_CASE("a proxy that refuses or is down makes the registry unavailable") {
  scripted_server refusing([](const std::string&) {
    return scripted_server::response("407 Proxy Authentication Required", "", "");
  });
  refusing_port down;
  for (const auto& place : {refusing.domain(), down.domain()}) {
    environment_variable variable("https_proxy", "http://" + place);
    registry_calls calls;
    auto found = calls.resolve({{"registry.example.test", "a", "v1", ""}, {}});
    REQUIRE_FALSE(found);
    CHECK(found.error().code == error_code::unavailable);
    CHECK(contains(found.error().message, "registry registry.example.test"));
  }
}

TEST_CASE("a loopback registry is never asked through a proxy") {
  refusing_port down;
  environment_variable variable("http_proxy", "http://" + down.domain());
  scripted_server registry([](const std::string&) { return image_answer('a'); });
  registry_calls calls;
  CHECK(calls.resolve({{registry.domain(), "a", "v1", ""}, {}}));
}

TEST_CASE("a registry is reached by IPv6") {
  if (!has_ipv6_loopback()) {
    WARN("skipped: this machine has no ::1");
    return;
  }
  registry_process::setup how;
  how.address = "[::1]";
  registry_process registry(how);
  REQUIRE(registry.domain().starts_with("[::1]:"));
  image_pusher pusher(registry.domain());
  auto digest = pusher.push_image("some/image", "v1", "one");
  registry_calls calls;
  auto found = calls.resolve({registry.tagged("some/image", "v1"), {}});
  REQUIRE(found);
  CHECK(found->ref.digest == digest);
}

TEST_CASE("a name with addresses of both kinds is tried at both") {
  registry_process::setup how;
  how.address = GENERATE(as<std::string>{}, "127.0.0.1", "[::1]");
  if (how.address == "[::1]" && !has_ipv6_loopback()) return;
  registry_process registry(how);
  const auto port = registry.domain().substr(registry.domain().rfind(':'));
  registry_calls calls;
  auto missing = calls.resolve({{"localhost" + port, "a", "v1", ""}, {}});
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == error_code::not_found); // and not unavailable: one of the two answered
}
