#include "tests/io/registry_calls.hpp"
#include "tests/support/scripted_server.hpp"
#include "tests/support/test_images.hpp"

#include <atomic>
#include <catch2/catch.hpp>

using namespace ib;
using namespace ib::io;
using namespace ib::test;

namespace {

std::string image_answer() {
  return scripted_server::response("200 OK",
                                   std::string("Content-Type: ") + oci_image_type +
                                       "\r\nDocker-Content-Digest: sha256:" + std::string(64, 'a') + "\r\n",
                                   "");
}

registry_lookup retrying(const scripted_server& server) {
  registry_lookup lookup{{server.domain(), "a", "v1", ""}, {}};
  lookup.retry = true;
  return lookup;
}

} // namespace

TEST_CASE("every transient failure is retried until the registry serves") {
  auto failure = GENERATE(as<std::string>{}, "", scripted_server::hang(), scripted_server::reset(""),
                          scripted_server::reset("HTTP/1.1 200 OK\r\nContent-"),
                          scripted_server::response("408 Request Timeout", "", ""),
                          scripted_server::response("429 Too Many", "Retry-After: 0\r\n", ""),
                          scripted_server::response("500 Oops", "", ""),
                          scripted_server::response("502 Bad Gateway", "", ""),
                          scripted_server::response("503 Unavailable", "Retry-After: 0\r\n", ""),
                          scripted_server::response("504 Gateway Timeout", "", ""));
  CAPTURE(failure);
  std::atomic<bool> failed{false};
  scripted_server server(
      [&](const std::string&) { return failed.exchange(true) ? image_answer() : failure; });
  registry_settings settings;
  settings.request_timeout_ms = 4'000;
  registry_calls calls(settings);
  auto found = calls.resolve(retrying(server));
  INFO((found ? "found" : found.error().message));
  REQUIRE(found);
  CHECK(server.requests().size() >= 2);
}

TEST_CASE("a registry that names a waiting time is retried after it") {
  std::atomic<bool> failed{false};
  scripted_server server([&](const std::string&) {
    if (failed.exchange(true)) return image_answer();
    return scripted_server::response("429 Too Many", "Retry-After: 1\r\n", "");
  });
  registry_calls calls;
  const auto begin = std::chrono::steady_clock::now();
  REQUIRE(calls.resolve(retrying(server)));
  CHECK(std::chrono::steady_clock::now() - begin >= std::chrono::seconds(1));
  CHECK(server.requests().size() == 2);
}

TEST_CASE("what trying again cannot mend is tried once") {
  auto failure = GENERATE(as<std::string>{}, scripted_server::response("400 Bad Request", "", ""),
                          scripted_server::response("401 Unauthorized", "", ""),
                          scripted_server::response("403 Forbidden", "", ""),
                          scripted_server::response("404 Not Found", "", ""),
                          scripted_server::response("418 Teapot", "", ""),
                          scripted_server::response("429 Too Many", "", ""), // 30 s are more than there is
                          scripted_server::response("200 OK", "Content-Type: text/html\r\n", ""));
  CAPTURE(failure);
  scripted_server server([&](const std::string&) { return failure; });
  registry_calls calls;
  auto found = calls.resolve(retrying(server));
  REQUIRE_FALSE(found);
  size_t heads = 0;
  for (const auto& request : server.requests())
    heads += request.starts_with("HEAD ");
  CHECK(heads == 1);
}

TEST_CASE("the words of a failure do not decide about its kind") {
  auto words = GENERATE(as<std::string>{}, "not found", "unauthorized: authentication required",
                        "toomanyrequests: You have reached your pull rate limit", "timeout");
  scripted_server server([&](const std::string& request) {
    if (request.starts_with("HEAD ")) return scripted_server::response("405 No", "", "");
    return scripted_server::response("400 Bad Request", "",
                                     R"({"errors":[{"code":"UNKNOWN","message":")" + words + "\"}]}");
  });
  registry_calls calls;
  auto found = calls.resolve(retrying(server));
  REQUIRE_FALSE(found);
  CHECK(found.error().code == error_code::internal);
  CHECK(contains(found.error().message, words));
}

TEST_CASE("retries stay within the bound of one lookup") {
  scripted_server server([](const std::string&) { return scripted_server::hang(); });
  registry_settings settings;
  settings.request_timeout_ms = 1'600;
  registry_calls calls(settings);
  const auto begin = std::chrono::steady_clock::now();
  auto found = calls.resolve(retrying(server));
  REQUIRE_FALSE(found);
  CHECK(found.error().code == error_code::unavailable);
  CHECK(server.requests().size() > 1);
  CHECK(server.requests().size() <= 4);
  // The bound and time for a busy machine; without a bound nothing would end.
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(15));
}
