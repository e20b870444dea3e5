#include "tests/io/registry_calls.hpp"
#include "tests/support/scripted_server.hpp"
#include "tests/support/test_images.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <future>
#include <latch>

using namespace ib;
using namespace ib::io;
using namespace ib::test;
using namespace std::chrono_literals;

namespace {

std::string image_answer() {
  return scripted_server::response("200 OK",
                                   std::string("Content-Type: ") + oci_image_type +
                                       "\r\nDocker-Content-Digest: sha256:" + std::string(64, 'a') + "\r\n",
                                   "");
}

std::string limit_answer(const std::string& headers) {
  return scripted_server::response("429 Too Many Requests", headers, "");
}

/// A registry that answers its first request with 429 and these headers, and serves all later ones.
class limiting_registry {
public:
  explicit limiting_registry(const std::string& headers)
      : server_([this, headers](const std::string&) {
          return limited_.exchange(true) ? image_answer() : limit_answer(headers);
        }) {}

  registry_lookup lookup(const std::string& path = "a") const {
    return {{server_.domain(), path, "v1", ""}, {}};
  }
  std::string domain() const { return server_.domain(); }
  size_t requests() { return server_.requests().size(); }

private:
  std::atomic<bool> limited_{false};
  scripted_server server_;
};

/// Every way to ask a registry for something, at one that is to be left alone.
void check_left_alone(registry_calls& calls, const limiting_registry& registry, int64_t left_ms) {
  auto other = calls.resolve(registry.lookup("other"));
  REQUIRE_FALSE(other);
  CHECK(other.error().code == error_code::too_many_requests);
  CHECK(other.error().retry_after_ms == left_ms);
  auto head = calls.head(registry.lookup());
  REQUIRE_FALSE(head);
  CHECK(head.error().code == error_code::too_many_requests);
  publish_order order{{registry.domain(), "a", "v1", ""}, {registry.domain(), "b", "v1", ""}, {}};
  auto publication = calls.publish(order);
  REQUIRE_FALSE(publication);
  CHECK(publication.error().code == error_code::too_many_requests);
}

} // namespace

TEST_CASE("a registry that limits our rate is not asked again before the time it named") {
  limiting_registry registry("Retry-After: 17\r\n");
  test_clock time;
  registry_calls calls({}, nullptr, time.clock());
  auto first = calls.resolve(registry.lookup());
  REQUIRE_FALSE(first);
  CHECK(first.error().code == error_code::too_many_requests);
  CHECK(first.error().retry_after_ms == 17'000);
  CHECK(contains(first.error().message, "HTTP 429"));
  CHECK(contains(first.error().message, "waiting for " + registry.domain() + " until 2024-01-02T03:04:22Z"));

  time.advance(7s);
  check_left_alone(calls, registry, 10'000);
  auto later = calls.resolve(registry.lookup());
  REQUIRE_FALSE(later);
  CHECK(contains(later.error().message, "waiting for " + registry.domain() + " until 2024-01-02T03:04:22Z"));
  CHECK(registry.requests() == 1);

  time.advance(10s);
  CHECK(calls.resolve(registry.lookup()));
  CHECK(registry.requests() == 2);
}

TEST_CASE("a waiting time may be a date, against the registry's own clock, or left to us") {
  struct expectation {
    std::string headers;
    int64_t wait_ms;
  };
  auto expected = GENERATE(values<expectation>({
      {"Date: Mon, 02 Jan 2023 10:00:00 GMT\r\nRetry-After: Mon, 02 Jan 2023 10:01:40 GMT\r\n", 100'000},
      {"", 12'000},
      {"Retry-After: soon\r\n", 12'000},
      {"Retry-After: 99999999999999999999\r\n", 12'000},
      {"Retry-After: 999999999\r\n", 86'400'000},
  }));
  CAPTURE(expected.headers);
  limiting_registry registry(expected.headers);
  test_clock time;
  registry_settings settings;
  settings.default_retry_after_ms = 12'000;
  registry_calls calls(settings, nullptr, time.clock());
  auto limited = calls.resolve(registry.lookup());
  REQUIRE_FALSE(limited);
  CHECK(limited.error().retry_after_ms == expected.wait_ms);
  time.advance(std::chrono::milliseconds(expected.wait_ms - 1));
  check_left_alone(calls, registry, 1);
  CHECK(registry.requests() == 1);
  time.advance(1ms);
  CHECK(calls.resolve(registry.lookup()));
}

TEST_CASE("a registry that asks for no waiting time at all is asked again") {
  limiting_registry registry("Retry-After: 0\r\n");
  registry_calls calls;
  auto limited = calls.resolve(registry.lookup());
  REQUIRE_FALSE(limited);
  CHECK(limited.error().retry_after_ms == 0);
  CHECK(calls.resolve(registry.lookup()));
}

TEST_CASE("other registries are asked while one is left alone") {
  limiting_registry registry("Retry-After: 60\r\n");
  scripted_server other([](const std::string&) { return image_answer(); });
  registry_calls calls;
  CHECK_FALSE(calls.resolve(registry.lookup()));
  CHECK(calls.resolve({{other.domain(), "a", "v1", ""}, {}}));
}

TEST_CASE("a token service that limits our rate keeps us from its registry") {
  scripted_server registry([](const std::string& request) {
    if (request.starts_with("GET /token")) return limit_answer("Retry-After: 30\r\n");
    auto host = request.substr(request.find("Host: ") + 6);
    host = host.substr(0, host.find("\r\n"));
    return scripted_server::response("401 Unauthorized",
                                     "WWW-Authenticate: Bearer realm=\"http://" + host + "/token\"\r\n", "");
  });
  registry_calls calls;
  registry_lookup lookup{{registry.domain(), "a", "v1", ""}, {}};
  auto first = calls.resolve(lookup);
  REQUIRE_FALSE(first);
  CHECK(first.error().code == error_code::too_many_requests);
  CHECK(first.error().retry_after_ms == 30'000);
  CHECK(contains(first.error().message, "token service " + registry.domain()));
  auto second = calls.resolve(lookup);
  REQUIRE_FALSE(second);
  CHECK(second.error().code == error_code::too_many_requests);
  CHECK(registry.requests().size() == 2);
}

TEST_CASE("a mirror that limits our rate is passed over") {
  limiting_registry mirror("Retry-After: 60\r\n");
  scripted_server origin([](const std::string&) { return image_answer(); });
  registry_settings settings;
  settings.registries[origin.domain()].mirror = mirror.domain();
  registry_calls calls(settings);
  for (int round = 0; round < 2; ++round)
    CHECK(calls.resolve({{origin.domain(), "a", "v1", ""}, {}}));
  CHECK(mirror.requests() == 1);
  CHECK(origin.requests().size() == 2);
}

TEST_CASE("lookups that wait for their turn when a registry limits our rate are not sent any more") {
  constexpr size_t lookups = 200;
  std::promise<void> handed_over;
  auto all = handed_over.get_future().share();
  scripted_server registry([all](const std::string&) {
    all.wait();
    return limit_answer("Retry-After: 60\r\n");
  });
  std::atomic<size_t> limited = 0;
  std::latch answered(lookups);
  registry_calls calls;
  for (size_t i = 0; i < lookups; ++i)
    calls.client()->resolve({{registry.domain(), "a", "v" + std::to_string(i), ""}, {}},
                            [&](const result<found_image>& image) {
                              limited += !image && image.error().code == error_code::too_many_requests;
                              answered.count_down();
                            });
  handed_over.set_value();
  answered.wait();
  CHECK(limited == lookups);
  CHECK(registry.requests().size() <= http_client_limits().requests_per_host);
}
