#include "tests/io/registry_calls.hpp"
#include "tests/support/registry_process.hpp"
#include "tests/support/scripted_server.hpp"
#include "tests/support/test_images.hpp"

#include "actors/domain/base64.hpp"
#include "actors/domain/sha256.hpp"

#include <catch2/catch.hpp>

using namespace ib;
using namespace ib::io;
using namespace ib::test;

namespace {

/// Requests of a kind in a registry's access log: "PATCH /v2/target/".
size_t lines_with(const std::string& log, const std::string& request) {
  size_t count = 0;
  for (auto at = log.find("\"" + request); at != std::string::npos; at = log.find("\"" + request, at + 1))
    ++count;
  return count;
}

} // namespace

TEST_CASE("an image is published by mounting its blobs and moves no bytes") {
  registry_process registry;
  image_pusher pusher(registry.domain());
  auto digest = pusher.push_image("base/images", "b1", "one", 5);
  registry_calls calls;
  auto published =
      calls.publish({registry.tagged("base/images", "b1"), registry.tagged("workspace", "w1"), {}});
  REQUIRE(published);
  CHECK(published->digest == digest);
  CHECK(published->blobs_mounted == 6);
  CHECK(published->blobs_present == 0);
  CHECK(pusher.manifest("workspace", "w1") == pusher.manifest("base/images", "b1"));
  auto found = calls.head({registry.tagged("workspace", "w1"), {}});
  REQUIRE(found);
  CHECK(found->ref.digest == digest);

  auto log = registry.log_with("\"HEAD /v2/workspace/manifests/w1");
  CHECK(lines_with(log, "POST /v2/workspace/blobs/uploads/?mount=") == 6);
  CHECK(lines_with(log, "PATCH /v2/workspace/blobs/") == 0);
  CHECK(lines_with(log, "PUT /v2/workspace/blobs/") == 0);
  CHECK(lines_with(log, "HEAD /v2/workspace/blobs/") == 0);
  CHECK(lines_with(log, "PUT /v2/workspace/manifests/") == 1);
  CHECK(lines_with(log, "GET /v2/base/images/manifests/b1") == 2); // the publication's and this test's
}

TEST_CASE("an index is published with everything it names") {
  registry_process registry;
  image_pusher pusher(registry.domain());
  auto index = pusher.push_index("base", "b1", "many");
  registry_calls calls;
  auto published = calls.publish({registry.tagged("base", "b1"), registry.tagged("workspace", "w1"), {}});
  REQUIRE(published);
  CHECK(published->digest == index.digest);
  for (const auto& child : {index.amd64, index.arm64, index.attestation})
    CHECK(pusher.manifest("workspace", child) == pusher.manifest("base", child));
  CHECK(pusher.manifest("workspace", "w1") == pusher.manifest("base", index.digest));
}

TEST_CASE("publishing within a repository mounts nothing and may be done again") {
  registry_process registry;
  image_pusher pusher(registry.domain());
  auto digest = pusher.push_image("images", "b1", "one");
  registry_calls calls;
  for (int round = 0; round < 2; ++round) {
    auto published = calls.publish({registry.pinned("images", digest), registry.tagged("images", "w1"), {}});
    REQUIRE(published);
    CHECK(published->digest == digest);
    CHECK(published->blobs_mounted == 0);
    CHECK(published->blobs_present == 3);
  }
  CHECK(pusher.manifest("images", "w1") == pusher.manifest("images", "b1"));
}

TEST_CASE("publishing writes with the service's own credentials") {
  registry_process registry("alice", "pw-of-alice");
  image_pusher pusher(registry.domain(), "Basic " + base64_encode("alice:pw-of-alice"));
  auto digest = pusher.push_image("base", "b1", "one");
  registry_credential alice;
  alice.username = "alice";
  alice.password = "pw-of-alice";
  registry_calls calls({}, std::make_shared<fixed_credential>(registry.domain(), alice));
  publish_order order{registry.tagged("base", "b1"), registry.tagged("workspace", "w1"), {}};

  auto unreadable = calls.publish(order);
  REQUIRE_FALSE(unreadable);
  CHECK(unreadable.error().code == error_code::unauthenticated);
  order.from_purpose = registry_purpose::own_image;
  auto own = calls.publish(order);
  REQUIRE(own);
  CHECK(own->digest == digest);
  order.from_purpose = registry_purpose::resolve;
  order.auth.additional[registry.domain()] = base64_encode("alice:pw-of-alice");
  CHECK(calls.publish(order));

  registry_calls without;
  auto unwritable = without.publish(order);
  REQUIRE_FALSE(unwritable);
  CHECK(unwritable.error().code == error_code::unauthenticated);
  CHECK(contains(unwritable.error().message, "cannot publish image: " + order.to.to_string()));
}

TEST_CASE("a base image that is gone is not found") {
  registry_process registry;
  registry_calls calls;
  auto published = calls.publish({registry.tagged("base", "gone"), registry.tagged("workspace", "w1"), {}});
  REQUIRE_FALSE(published);
  CHECK(published.error().code == error_code::not_found);
  auto elsewhere =
      calls.publish({{"other.example.com", "a", "b", ""}, registry.tagged("workspace", "w1"), {}});
  REQUIRE_FALSE(elsewhere);
  CHECK(elsewhere.error().code == error_code::failed_precondition);
}

TEST_CASE("a registry that refuses to mount is told so and its upload is given back") {
  const std::string blob = "sha256:" + sha256_hex("blob");
  const std::string manifest = R"({"config":{"digest":")" + blob + R"("},"layers":[]})";
  const std::string type = std::string("Content-Type: ") + oci_image_type + "\r\n";
  bool present = GENERATE(false, true);
  scripted_server registry([&](const std::string& request) {
    if (request.starts_with("GET ")) return scripted_server::response("200 OK", type, manifest);
    if (request.starts_with("POST "))
      return scripted_server::response("202 Accepted", "Location: /v2/to/blobs/uploads/17\r\n", "");
    if (request.starts_with("DELETE ")) return scripted_server::response("204 No Content", "", "");
    if (request.starts_with("HEAD ") && present) return scripted_server::response("200 OK", "", "");
    if (request.starts_with("PUT ")) return scripted_server::response("201 Created", "", "");
    return scripted_server::response("404 Not Found", "", "");
  });
  registry_calls calls;
  auto published =
      calls.publish({{registry.domain(), "from", "a", ""}, {registry.domain(), "to", "b", ""}, {}});
  auto requests = registry.requests();
  REQUIRE(requests.size() >= 3);
  CHECK(requests[2].starts_with("DELETE /v2/to/blobs/uploads/17 "));
  if (present) {
    REQUIRE(published);
    CHECK(published->blobs_present == 1);
    CHECK(published->digest == "sha256:" + sha256_hex(manifest));
  } else {
    REQUIRE_FALSE(published);
    CHECK(published.error().code == error_code::failed_precondition);
    CHECK(contains(published.error().message, blob));
    CHECK(requests.size() == 4);
  }
}

TEST_CASE("a registry that stores other bytes than it was given is found out") {
  const std::string manifest =
      R"({"config":{"digest":"sha256:)" + std::string(64, 'a') + R"("},"layers":[]})";
  scripted_server registry([&](const std::string& request) {
    if (request.starts_with("GET "))
      return scripted_server::response("200 OK", std::string("Content-Type: ") + oci_image_type + "\r\n",
                                       manifest);
    return scripted_server::response("201 Created",
                                     "Docker-Content-Digest: sha256:" + std::string(64, 'b') + "\r\n", "");
  });
  registry_calls calls;
  auto published =
      calls.publish({{registry.domain(), "same", "a", ""}, {registry.domain(), "same", "b", ""}, {}});
  REQUIRE_FALSE(published);
  CHECK(published.error().code == error_code::data_corrupt);
}

TEST_CASE("a manifest that the registry cannot check while it writes a blob is sent again") {
  const int refusals = GENERATE(2, 1000);
  const std::string manifest =
      R"({"config":{"digest":"sha256:)" + std::string(64, 'a') + R"("},"layers":[]})";
  int puts = 0;
  scripted_server registry([&](const std::string& request) {
    if (request.starts_with("GET "))
      return scripted_server::response("200 OK", std::string("Content-Type: ") + oci_image_type + "\r\n",
                                       manifest);
    if (++puts > refusals) return scripted_server::response("201 Created", "", "");
    return scripted_server::response("400 Bad Request", "Content-Type: application/json\r\n",
                                     R"({"errors":[{"code":"DIGEST_INVALID","message":"did not match"}]})");
  });
  registry_calls calls;
  auto published =
      calls.publish({{registry.domain(), "same", "a", ""}, {registry.domain(), "same", "b", ""}, {}});
  if (refusals == 2) {
    REQUIRE(published);
    CHECK(puts == 3);
  } else {
    REQUIRE_FALSE(published);
    CHECK(contains(published.error().message, "DIGEST_INVALID"));
    CHECK(puts == 5);
  }
}

TEST_CASE("a publication that nobody waits for any more ends") {
  std::stop_source gone;
  scripted_server registry([&](const std::string&) {
    gone.request_stop(); // the first request has arrived
    return scripted_server::hang();
  });
  registry_calls calls;
  publish_order order{{registry.domain(), "base", "b1", ""}, {registry.domain(), "workspace", "w1", ""}, {}};
  order.asker = gone.get_token();
  auto published = calls.publish(order);
  REQUIRE_FALSE(published);
  CHECK(published.error().code == error_code::cancelled);
  CHECK(registry.requests().size() == 1);
}
