#include "actors/domain/sha256.hpp"
#include "tests/io/registry_calls.hpp"
#include "tests/support/scripted_server.hpp"
#include "tests/support/test_images.hpp"

#include <atomic>
#include <catch2/catch.hpp>

using namespace ib;
using namespace ib::io;
using namespace ib::test;

namespace {

const std::string digest_a = "sha256:" + std::string(64, 'a');

std::string type_header(const std::string& type) { return "Content-Type: " + type + "\r\n"; }

/// What resolving a tag at a registry that always answers `raw` fails with.
error failure_of(const std::string& raw) {
  scripted_server server([&](const std::string&) { return raw; });
  registry_calls calls;
  auto found = calls.resolve({{server.domain(), "a/b", "v1", ""}, {}});
  REQUIRE_FALSE(found);
  CHECK(contains(found.error().message, "cannot resolve image: " + server.domain() + "/a/b:v1"));
  return found.error();
}

} // namespace

TEST_CASE("a failing registry is unavailable in its own words") {
  scripted_server server([](const std::string& request) {
    if (request.starts_with("HEAD ")) return scripted_server::response("405 Method Not Allowed", "", "");
    return scripted_server::response("503 Unavailable", "",
                                     R"({"errors":[{"code":"DENIED","message":"storage\nis down"}]})");
  });
  registry_calls calls;
  auto found = calls.resolve({{server.domain(), "a", "v1", ""}, {}});
  REQUIRE_FALSE(found);
  CHECK(found.error().code == error_code::unavailable);
  CHECK(contains(found.error().message, "HTTP 503: DENIED: storage is down"));
  CHECK(failure_of(scripted_server::response("500 Oops", "", "")).code == error_code::unavailable);
}

TEST_CASE("a connection that is closed early makes the registry unavailable") {
  CHECK(failure_of("").code == error_code::unavailable);
  CHECK(failure_of("HTTP/1.1 200 OK\r\nContent-").code == error_code::unavailable);
}

TEST_CASE("a registry that answers nothing in time is unavailable") {
  scripted_server server([](const std::string&) { return scripted_server::hang(); });
  registry_settings settings;
  settings.request_timeout_ms = 300;
  registry_calls calls(settings);
  auto found = calls.resolve({{server.domain(), "a", "v1", ""}, {}});
  REQUIRE_FALSE(found);
  CHECK(found.error().code == error_code::unavailable);
}

TEST_CASE("a manifest whose bytes are not those of its digest is corrupt") {
  const std::string index = R"({"manifests":[]})";
  auto wrong = failure_of(scripted_server::response(
      "200 OK", type_header(oci_index_type) + "Docker-Content-Digest: " + digest_a + "\r\n", index));
  CHECK(wrong.code == error_code::data_corrupt);
  CHECK(contains(wrong.message, "sha256:" + sha256_hex(index)));
}

TEST_CASE("a digest that answers as another one is corrupt") {
  scripted_server server([](const std::string&) {
    return scripted_server::response(
        "200 OK",
        type_header(oci_image_type) + "Docker-Content-Digest: sha256:" + std::string(64, 'b') + "\r\n", "");
  });
  registry_calls calls;
  auto found = calls.resolve({{server.domain(), "a", "", digest_a}, {}});
  REQUIRE_FALSE(found);
  CHECK(found.error().code == error_code::data_corrupt);
}

TEST_CASE("garbage in place of a manifest is corrupt and not a crash") {
  CHECK(failure_of(scripted_server::response("200 OK", type_header(oci_index_type), "{\"mani")).code ==
        error_code::data_corrupt);
  CHECK(failure_of(scripted_server::response("200 OK", type_header("text/html"), "<html>")).code ==
        error_code::data_corrupt);
  CHECK(failure_of(scripted_server::response("200 OK", "", R"({"config":{},"layers":[]})")).code ==
        error_code::data_corrupt);
  CHECK(failure_of("SSH-2.0-server\r\n\r\n").code == error_code::data_corrupt);
  // The type is what the registry announces, not what the content looks like.
  CHECK(failure_of(scripted_server::response("200 OK", type_header(oci_image_type),
                                             R"({"mediaType":")" + std::string(oci_index_type) + "\"}"))
            .code == error_code::data_corrupt);
}

TEST_CASE("a manifest that never ends is given up") {
  scripted_server server([](const std::string& request) {
    if (request.starts_with("HEAD ")) return scripted_server::response("501 Not Implemented", "", "");
    return scripted_server::endless();
  });
  registry_calls calls;
  auto found = calls.resolve({{server.domain(), "a", "v1", ""}, {}});
  REQUIRE_FALSE(found);
  CHECK(found.error().code == error_code::data_corrupt);
  CHECK(contains(found.error().message, "body larger than 4194304"));
}

TEST_CASE("a head without a digest is followed by a get whose bytes are hashed") {
  const std::string manifest = R"({"config":{},"layers":[]})";
  scripted_server server([&](const std::string& request) {
    auto response = scripted_server::response(
        "200 OK", type_header(oci_image_type + std::string("; charset=utf-8")), manifest);
    return request.starts_with("HEAD ") ? response.substr(0, response.size() - manifest.size()) : response;
  });
  registry_calls calls;
  auto found = calls.resolve({{server.domain(), "a", "v1", ""}, {}});
  REQUIRE(found);
  CHECK(found->ref.digest == "sha256:" + sha256_hex(manifest));
}

TEST_CASE("transient failures are retried only where the caller wants it") {
  std::atomic<int> left = 2;
  scripted_server server([&](const std::string&) {
    if (left-- > 0) return scripted_server::response("502 Bad Gateway", "", "");
    return scripted_server::response(
        "200 OK", type_header(oci_image_type) + "Docker-Content-Digest: " + digest_a + "\r\n", "");
  });
  registry_calls calls;
  registry_lookup lookup{{server.domain(), "a", "v1", ""}, {}};
  auto first = calls.resolve(lookup);
  REQUIRE_FALSE(first);
  CHECK(first.error().code == error_code::unavailable);
  CHECK(server.requests().size() == 1);
  lookup.retry = true;
  auto retried = calls.resolve(lookup);
  REQUIRE(retried);
  CHECK(server.requests().size() == 3);
}

TEST_CASE("retries end after three and never outlast what the registry asks for") {
  scripted_server failing([](const std::string&) { return scripted_server::response("500 Oops", "", ""); });
  registry_calls calls;
  registry_lookup lookup{{failing.domain(), "a", "v1", ""}, {}};
  lookup.retry = true;
  CHECK_FALSE(calls.resolve(lookup));
  CHECK(failing.requests().size() == 4);

  scripted_server limiting([](const std::string&) {
    return scripted_server::response("429 Too Many Requests", "Retry-After: 3600\r\n", "");
  });
  lookup.ref.domain = limiting.domain();
  auto limited = calls.resolve(lookup);
  REQUIRE_FALSE(limited);
  CHECK(limited.error().retry_after_ms == 3'600'000);
  CHECK(limiting.requests().size() == 1);

  scripted_server missing(
      [](const std::string&) { return scripted_server::response("404 Not Found", "", ""); });
  lookup.ref.domain = missing.domain();
  CHECK_FALSE(calls.resolve(lookup));
  CHECK(missing.requests().size() == 1);
}

TEST_CASE("destroying the client answers what is in flight with cancelled") {
  scripted_server server([](const std::string&) { return scripted_server::hang(); });
  std::atomic<int> cancelled = 0;
  {
    registry_calls calls;
    for (int i = 0; i < 10; ++i)
      calls.client()->resolve({{server.domain(), "a", "v1", ""}, {}, registry_purpose::resolve, true},
                              [&](const result<found_image>& found) {
                                if (!found && found.error().code == error_code::cancelled) ++cancelled;
                              });
  }
  CHECK(cancelled == 10);
}

namespace {

/// Answers when the test says so, from the test's thread.
class late_credential : public credential_source {
public:
  void find(const std::string&, std::function<void(result<registry_credential>)> done) override {
    asked_.set_value(std::move(done));
  }
  std::function<void(result<registry_credential>)> taken() { return asked_.get_future().get(); }

private:
  std::promise<std::function<void(result<registry_credential>)>> asked_;
};

} // namespace

TEST_CASE("a credential that comes after the client is gone ends its lookup") {
  auto source = std::make_shared<late_credential>();
  std::promise<error_code> code;
  auto answered = code.get_future();
  std::function<void(result<registry_credential>)> late;
  {
    registry_calls calls({}, source);
    calls.client()->resolve({{"r.example.com", "a", "v1", ""}, all_allowed()},
                            [&](const result<found_image>& found) {
                              code.set_value(found ? error_code::internal : found.error().code);
                            });
    late = source->taken();
  }
  late(registry_credential{});
  REQUIRE(answered.wait_for(std::chrono::seconds(60)) == std::future_status::ready);
  CHECK(answered.get() == error_code::cancelled);
}
