#include "config/loader.hpp"
#include "tests/config/files.hpp"

#include <catch2/catch.hpp>

using namespace ib::config;

namespace {

const load_options no_files{.check_files = false};

settings loaded(const std::string& text) {
  auto result = load_settings(text, no_files);
  for (const auto& f : result.faults)
    FAIL_CHECK(to_string(f));
  return result.value;
}

} // namespace

TEST_CASE("an empty configuration is the embedded engine with its defaults") {
  auto s = loaded("{}");
  CHECK(s.orchestrator.engine == engine_kind::local);
  CHECK(s.orchestrator.base_image_repository == "localhost:5000/base-images");
  CHECK(s.orchestrator.workspace_image_repository == "localhost:5000/workspace-images");
  CHECK(s.grpc.address == "127.0.0.1:8080");
  CHECK_FALSE(s.grpc.tls.has_value());
  CHECK_FALSE(s.http.has_value());
  CHECK(s.local.build_time_limit_ms == 3'600'000);
  CHECK(s.ref_cache.interval_ms == 21'600'000);
  CHECK(s.ref_cache.refs.empty());
  CHECK(s.registries.registries.empty());
  CHECK(s.level == log_level::info);
}

TEST_CASE("null leaves every key and every object at its default") {
  auto s =
      loaded(R"({"orchestrator": null, "refCache": {"interval": null, "refs": null}, "log": {"level": null},
    "server": {"services": {"grpc": {"address": null, "tls": null}, "http": null}},
    "local": null, "queue": null,
    "registries": {"localhost:5000": null}, "platform": null, "tagCache": null, "$schema": null})");
  CHECK(s.ref_cache.interval_ms == 21'600'000);
  CHECK(s.grpc.address == "127.0.0.1:8080");
  CHECK_FALSE(s.http.has_value());
}

TEST_CASE("keys of the local engine, the queue and the retention are taken over") {
  auto s = loaded(R"({"$schema": "./schema.json", "orchestrator": {"engine": "local"},
    "local": {"stateDirectory": "/srv/state", "concurrentBuilds": 3, "buildTimeLimit": "90m",
    "stopGrace": "0s",
              "isolation": "chroot", "allowFileProtocol": true, "layerCacheSize": "5GiB"},
    "queue": {"length": 7}, "retention": {"logBytesPerBuild": 4096, "finishedBuilds": 11},
    "platform": "linux/arm64/v8", "tagCache": "30s", "rateLimitWait": "5s", "log": {"level": "warning"}})");
  CHECK(s.local.state_directory == "/srv/state");
  CHECK(s.local.concurrent_builds == 3);
  CHECK(s.local.build_time_limit_ms == 90 * 60 * 1000);
  CHECK(s.local.stop_grace_ms == 0);
  CHECK(s.local.isolation == isolation_mode::chroot);
  CHECK(s.local.allow_file_protocol);
  CHECK(s.local.layer_cache_bytes == 5ULL << 30);
  CHECK(s.limits.queued_builds == 7);
  CHECK(s.limits.log_bytes_per_build == 4096);
  CHECK(s.limits.finished_builds == 11);
  CHECK(s.registries.platform.os == "linux");
  CHECK(s.registries.platform.architecture == "arm64");
  CHECK(s.registries.platform.variant == "v8");
  CHECK(s.tag_cache_ms == 30'000);
  CHECK(s.registries.default_retry_after_ms == 5'000);
  CHECK(s.level == log_level::warning);
}

TEST_CASE("registries are kept under their normalised domain") {
  auto s = loaded(R"({"registries": {
    "registry.example.com:5000": {"plainHttp": false, "caFile": "/ca.pem", "certFile": "/our.pem",
      "keyFile": "/our.key", "mirror": "mirror.example.com"},
    "index.docker.io": {"mirror": "localhost:5001"}, "localhost": {"plainHttp": true}}})");
  REQUIRE(s.registries.registries.size() == 3);
  const auto& example = s.registries.registries.at("registry.example.com:5000");
  CHECK(example.plain_http == false);
  CHECK(example.ca_file == "/ca.pem");
  CHECK(example.cert_file == "/our.pem");
  CHECK(example.key_file == "/our.key");
  CHECK(example.mirror == "mirror.example.com");
  const auto& hub = s.registries.registries.at("docker.io");
  CHECK_FALSE(hub.plain_http.has_value());
  CHECK(hub.mirror == "localhost:5001");
  CHECK(s.registries.registries.at("localhost").plain_http == true);
}

TEST_CASE("listeners take an address and TLS files") {
  auto s = loaded(R"({"server": {"services": {
    "grpc": {"tls": {"caPath": "/a", "certPath": "/b", "keyPath": "/c"}},
    "http": {"address": "[::1]:0"}}}})");
  CHECK(s.grpc.address == "127.0.0.1:8080");
  REQUIRE(s.grpc.tls.has_value());
  CHECK(s.grpc.tls->ca == "/a");
  CHECK(s.grpc.tls->certificate == "/b");
  CHECK(s.grpc.tls->key == "/c");
  REQUIRE(s.http.has_value());
  CHECK(s.http->address == "[::1]:0");
  CHECK_FALSE(s.http->tls.has_value());
}

TEST_CASE("without an engine named the address of ws-manager decides") {
  const std::string builder = R"("builderImage": "example.com/bob:1")";
  auto engine = [&](const std::string& keys) {
    return loaded(R"({"orchestrator": {)" + builder + keys + "}}").orchestrator.engine;
  };
  CHECK(engine("") == engine_kind::local);
  CHECK(engine(R"(, "wsman": {"address": ""})") == engine_kind::local);
  CHECK(engine(R"(, "wsman": {"address": "ws-manager:8080"})") == engine_kind::wsman);
  CHECK(engine(R"(, "engine": "local", "wsman": {"address": "ws-manager:8080"})") == engine_kind::local);
  CHECK(engine(R"(, "engine": "wsman", "wsman": {"address": "ws-manager:8080"})") == engine_kind::wsman);
}

TEST_CASE("TLS of ws-manager with three empty texts is no TLS") {
  const std::string begin = R"({"orchestrator": {"builderImage": "example.com/bob:1",
    "wsman": {"address": "ws-manager:8080", "tls": )";
  CHECK_FALSE(loaded(begin + R"({"ca": "", "crt": "", "key": ""}}}})").orchestrator.wsman_tls.has_value());
  CHECK_FALSE(loaded(begin + "{}}}}").orchestrator.wsman_tls.has_value());
  auto given = loaded(begin + R"({"ca": "/a", "crt": "/b", "key": "/c"}}}})").orchestrator.wsman_tls;
  REQUIRE(given.has_value());
  CHECK(given->certificate == "/b");
}

TEST_CASE("a reference cache that is off may have an empty interval") {
  CHECK(loaded(R"({"refCache": {"interval": "", "refs": null}})").ref_cache.interval_ms == 21'600'000);
  auto s = loaded(R"({"refCache": {"interval": "1h30m", "refs": ["alpine", "example.com/a/b:c"]}})");
  CHECK(s.ref_cache.interval_ms == 5'400'000);
  CHECK(s.ref_cache.refs == std::vector<std::string>{"alpine", "example.com/a/b:c"});
}

TEST_CASE("keys without effect are told once each, and only where they say something") {
  auto r =
      load_settings(R"({"orchestrator": {"subassemblyBucketName": "b", "subassemblyBucketPrefix": ""}})");
  CHECK(r.ok());
  REQUIRE(r.notices.size() == 1);
  CHECK_THAT(r.notices[0], Catch::StartsWith("orchestrator.subassemblyBucketName"));
  CHECK_THAT(r.notices[0], Catch::EndsWith("has no effect"));
}

TEST_CASE("named files have to exist when files are checked") {
  temporary_directory here;
  auto file = here.write("config.json", "{}");
  auto with = [](const std::string& path) {
    return load_settings(R"({"orchestrator": {"pullSecretFile": ")" + path + R"("}})");
  };
  CHECK(with(file).ok());
  REQUIRE(with(here.path()).faults.size() == 1);
  CHECK_THAT(with(here.path()).faults[0].message, Catch::Contains("is a directory"));
  auto missing = with(here.path() + "/missing");
  REQUIRE(missing.faults.size() == 1);
  CHECK(missing.faults[0].path == "orchestrator.pullSecretFile");
  CHECK_THAT(missing.faults[0].message, Catch::Contains(here.path() + "/missing does not exist"));
  CHECK_FALSE(with(file + "/below").ok());
}

TEST_CASE("a debug address that others reach needs a token") {
  for (const std::string text :
       {R"({"debug": {"address": ":6060"}})", R"({"debug": {"address": "[::]:0"}})"}) {
    auto result = load_settings(text);
    REQUIRE(result.faults.size() == 1);
    CHECK(result.faults[0].path == "debug.tokenFile");
  }
  CHECK(load_settings(R"({"debug": {"address": ":6060", "tokenFile": "/t"}})", {.check_files = false}).ok());
  CHECK(load_settings(R"({"debug": {"address": "127.0.0.1:0"}, "health": {"address": "off"}})").ok());
  CHECK(load_settings(R"({"debug": {"address": "off"}})").value.debug.address == off);
}
