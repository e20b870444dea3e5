#include "actors/domain/base64.hpp"
#include "actors/io/docker_config.hpp"
#include "actors/io/registry_endpoint.hpp"
#include "tests/io/registry_calls.hpp"
#include "tests/support/registry_process.hpp"
#include "tests/support/scripted_server.hpp"
#include "tests/support/test_images.hpp"

#include <catch2/catch.hpp>
#include <fstream>

using namespace ib;
using namespace ib::io;
using namespace ib::test;

TEST_CASE("a tag and a digest resolve to the image's own digest") {
  registry_process registry;
  image_pusher pusher(registry.domain());
  auto digest = pusher.push_image("some/image", "v1", "one");
  registry_calls calls;
  auto by_tag = calls.resolve({registry.tagged("some/image", "v1"), {}});
  REQUIRE(by_tag);
  CHECK(by_tag->ref.to_string() == registry.domain() + "/some/image@" + digest);
  CHECK(by_tag->media_type == oci_image_type);
  auto by_digest = calls.resolve({registry.pinned("some/image", digest), {}});
  REQUIRE(by_digest);
  CHECK(by_digest->ref.digest == digest);
}

TEST_CASE("an image manifest is resolved by one head request") {
  registry_process registry;
  image_pusher pusher(registry.domain());
  pusher.push_image("counted", "v1", "one");
  registry_calls calls;
  REQUIRE(calls.resolve({registry.tagged("counted", "v1"), {}}));
  auto log = registry.log_with("\"HEAD /v2/counted/manifests/v1");
  CHECK(contains(log, "\"HEAD /v2/counted/manifests/v1"));
  CHECK_FALSE(contains(log, "\"GET /v2/counted"));
}

TEST_CASE("an index resolves to the manifest of the wanted platform") {
  registry_process registry;
  image_pusher pusher(registry.domain());
  auto index = pusher.push_index("multi", "v1", "many");
  registry_calls calls;
  auto amd64 = calls.resolve({registry.tagged("multi", "v1"), {}});
  REQUIRE(amd64);
  CHECK(amd64->ref.digest == index.amd64);
  auto pinned = calls.resolve({registry.pinned("multi", index.digest), {}});
  REQUIRE(pinned);
  CHECK(pinned->ref.digest == index.amd64);

  registry_settings arm;
  arm.platform.architecture = "arm64";
  auto arm64 = registry_calls(arm).resolve({registry.tagged("multi", "v1"), {}});
  REQUIRE(arm64);
  CHECK(arm64->ref.digest == index.arm64);

  registry_settings rare;
  rare.platform.architecture = "s390x";
  auto none = registry_calls(rare).resolve({registry.tagged("multi", "v1"), {}});
  REQUIRE_FALSE(none);
  CHECK(none.error().code == error_code::not_found);
  CHECK(contains(none.error().message, "no manifest for platform linux-s390x found"));
}

TEST_CASE("a Docker manifest list resolves like an index") {
  registry_process registry;
  image_pusher pusher(registry.domain());
  auto entry = [&](const std::string& digest, const std::string& platform) {
    return R"({"mediaType":")" + std::string(oci_image_type) + R"(","digest":")" + digest + R"(","size":)" +
           std::to_string(pusher.manifest("multi", digest).size()) + R"(,"platform":)" + platform + "}";
  };
  auto v3 = pusher.push_image("multi", "", "v3");
  auto plain = pusher.push_image("multi", "", "plain");
  const std::string type = "application/vnd.docker.distribution.manifest.list.v2+json";
  auto list = R"({"schemaVersion":2,"mediaType":")" + type + R"(","manifests":[)" +
              entry(v3, R"({"os":"linux","architecture":"amd64","variant":"v3"})") + "," +
              entry(plain, R"({"os":"linux","architecture":"amd64"})") + "]}";
  REQUIRE(pusher.call(http_method::put, "multi/manifests/v1", list, type).status == 201);
  auto found = registry_calls().resolve({registry.tagged("multi", "v1"), {}});
  REQUIRE(found);
  CHECK(found->ref.digest == plain);
  registry_settings modern;
  modern.platform.variant = "v4";
  auto newest = registry_calls(modern).resolve({registry.tagged("multi", "v1"), {}});
  REQUIRE(newest);
  CHECK(newest->ref.digest == v3);
}

TEST_CASE("head gives the digest of an index itself") {
  registry_process registry;
  image_pusher pusher(registry.domain());
  auto index = pusher.push_index("multi", "v1", "many");
  registry_calls calls;
  auto found = calls.head({registry.tagged("multi", "v1"), {}});
  REQUIRE(found);
  CHECK(found->ref.digest == index.digest);
  CHECK(found->media_type == oci_index_type);
}

TEST_CASE("a missing tag, digest or repository is not found and named") {
  registry_process registry;
  image_pusher pusher(registry.domain());
  pusher.push_image("there", "v1", "one");
  registry_calls calls;
  for (const auto& ref : {registry.tagged("there", "v2"), registry.tagged("nowhere", "v1"),
                          registry.pinned("there", "sha256:" + std::string(64, 'a'))}) {
    auto resolved = calls.resolve({ref, {}});
    auto headed = calls.head({ref, {}});
    REQUIRE_FALSE(resolved);
    REQUIRE_FALSE(headed);
    CHECK(resolved.error().code == error_code::not_found);
    CHECK(headed.error().code == error_code::not_found);
    CHECK(resolved.error().message ==
          "cannot resolve image: " + ref.to_string() + ": not found in " + registry.domain());
  }
}

TEST_CASE("a registry that nobody serves is unavailable and named") {
  refusing_port nobody;
  registry_calls calls;
  auto found = calls.resolve({{nobody.domain(), "a", "b", ""}, {}});
  REQUIRE_FALSE(found);
  CHECK(found.error().code == error_code::unavailable);
  CHECK(contains(found.error().message, "cannot resolve image: " + nobody.domain() + "/a:b"));
}

TEST_CASE("a protected registry wants the right password and never sees it repeated") {
  registry_process registry("alice", "right-password");
  image_pusher pusher(registry.domain(), "Basic " + base64_encode("alice:right-password"));
  auto digest = pusher.push_image("private", "v1", "one");
  registry_calls calls;
  registry_lookup lookup{registry.tagged("private", "v1"), {}};

  auto anonymous = calls.resolve(lookup);
  REQUIRE_FALSE(anonymous);
  CHECK(anonymous.error().code == error_code::unauthenticated);
  CHECK(contains(anonymous.error().message, "cannot resolve image: " + lookup.ref.to_string()));

  lookup.auth.additional[registry.domain()] = base64_encode("alice:wrong-password");
  auto wrong = calls.resolve(lookup);
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().code == error_code::unauthenticated);
  CHECK_FALSE(contains(wrong.error().message, "wrong-password"));

  lookup.auth.additional[registry.domain()] = base64_encode("alice:right-password");
  auto right = calls.resolve(lookup);
  REQUIRE(right);
  CHECK(right->ref.digest == digest);
  // What one caller may see says nothing about the next one.
  lookup.auth.additional.clear();
  CHECK_FALSE(calls.resolve(lookup));
}

TEST_CASE("the service's own config file opens a protected registry to those who may use it") {
  registry_process registry("alice", "right-password");
  image_pusher pusher(registry.domain(), "Basic " + base64_encode("alice:right-password"));
  auto digest = pusher.push_image("private", "v1", "one");
  temp_dir folder;
  std::ofstream(folder / "config.json") << R"({"auths":{")" << registry.domain() << R"(":{"auth":")"
                                        << base64_encode("alice:right-password") << "\"}}}";
  auto file = make_docker_config_source((folder / "config.json").string());
  REQUIRE(file);
  registry_calls calls({}, *file);
  registry_lookup lookup{registry.tagged("private", "v1"), all_allowed()};
  auto found = calls.resolve(lookup);
  REQUIRE(found);
  CHECK(found->ref.digest == digest);
  lookup.auth = {};
  CHECK_FALSE(calls.resolve(lookup));
  lookup.purpose = registry_purpose::own_image;
  CHECK(calls.head(lookup));
}

TEST_CASE("a mirror is asked first and the registry itself where the mirror cannot serve") {
  registry_process registry;
  registry_process mirror;
  image_pusher pusher(registry.domain());
  image_pusher mirror_pusher(mirror.domain());
  auto here = pusher.push_image("app", "v1", "upstream");
  auto there = mirror_pusher.push_image("app", "v1", "mirrored");
  auto only_here = pusher.push_image("app", "v2", "only upstream");
  registry_settings settings;
  settings.registries[registry.domain()].mirror = mirror.domain();
  registry_calls calls(settings);
  auto mirrored = calls.resolve({registry.tagged("app", "v1"), {}});
  REQUIRE(mirrored);
  CHECK(mirrored->ref.to_string() == registry.domain() + "/app@" + there);
  auto fallen_back = calls.resolve({registry.tagged("app", "v2"), {}});
  REQUIRE(fallen_back);
  CHECK(fallen_back->ref.digest == only_here);
  auto existing = calls.head({registry.tagged("app", "v1"), {}});
  REQUIRE(existing);
  CHECK(existing->ref.digest == here);
}

TEST_CASE("plain HTTP is spoken with loopback hosts only unless it is configured") {
  registry_settings settings;
  settings.registries["plain.example.com"].plain_http = true;
  settings.registries["127.0.0.1:5000"].plain_http = false;
  settings.registries["docker.io"].mirror = "mirror.example.com:5000";
  CHECK(endpoint_of(settings, "localhost:5000").base_url == "http://localhost:5000");
  CHECK(endpoint_of(settings, "127.0.0.1:5000").base_url == "https://127.0.0.1:5000");
  CHECK(endpoint_of(settings, "[::1]:5000").base_url == "http://[::1]:5000");
  CHECK(endpoint_of(settings, "plain.example.com").base_url == "http://plain.example.com");
  CHECK(endpoint_of(settings, "ghcr.io").base_url == "https://ghcr.io");
  auto hub = pull_endpoints(settings, "docker.io");
  REQUIRE(hub.size() == 2);
  CHECK(hub[0].base_url == "https://mirror.example.com:5000");
  CHECK(hub[1].base_url == "https://registry-1.docker.io");
  CHECK(hub[1].domain == "docker.io");
}
