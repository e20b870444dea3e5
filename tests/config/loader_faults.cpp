#include "config/loader.hpp"
#include "tests/config/files.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <sstream>

using namespace ib::config;

namespace {

const load_options no_files{.check_files = false};

/// The object nested by the words of `path`: "a.b" and 1 become {"a":{"b":1}}.
std::string nested(const std::string& path, std::string json) {
  std::vector<std::string> words;
  std::istringstream in(path);
  for (std::string word; std::getline(in, word, '.');)
    words.push_back(word);
  std::for_each(words.rbegin(), words.rend(),
                [&](const auto& word) { json = "{\"" + word + "\":" + json + "}"; });
  return json;
}

struct row {
  std::string path; ///< of the key, and of the fault
  std::string json;
  std::string message;
};

void check_each(const std::vector<row>& rows) {
  for (const auto& r : rows) {
    CAPTURE(r.path, r.json);
    auto result = load_settings(nested(r.path, r.json), no_files);
    REQUIRE(result.faults.size() == 1);
    CHECK(result.faults[0].path == r.path);
    CHECK_THAT(result.faults[0].message, Catch::Contains(r.message));
  }
}

} // namespace

TEST_CASE("a value of the wrong type is refused and told what is allowed") {
  check_each({{"orchestrator", "[]", "must be an object"},
              {"orchestrator", "\"text\"", "must be an object"},
              {"orchestrator.wsman", "1", "must be an object"},
              {"orchestrator.wsman.tls", "\"\"", "must be an object"},
              {"orchestrator.pullSecret", "7", "must be a text, not a whole number"},
              {"orchestrator.baseImageRepository", "{}", "not an object"},
              {"orchestrator.enableAdditionalECRAuth", "\"true\"", "must be true or false, not a text"},
              {"orchestrator.subassemblyBucketName", "true", "must be a text, not true"},
              {"local.concurrentBuilds", "2.0", "not a number with a fraction"},
              {"local.concurrentBuilds", "\"2\"", "must be a whole number up to 1024, not a text"},
              {"local.buildTimeLimit", "3600", "such as \"6h0m0s\", not a whole number"},
              {"local.layerCacheSize", "true", "must be a number of bytes"},
              {"local.layerCacheSize", "1.5", "must be a number of bytes"},
              {"refCache.refs", "\"alpine\"", "must be an array"},
              {"refCache.refs", "{}", "must be an array"},
              {"registries", "[]", "must be an object"},
              {"$schema", "1", "must be a text"},
              {"log.level", "3", "one of \"debug\", \"info\", \"warning\", \"error\""}});
}

TEST_CASE("a value of the right type is refused where it makes no sense") {
  check_each(
      {{"orchestrator.engine", "\"docker\"", "one of \"local\", \"wsman\""},
       {"orchestrator.engine", "\"\"", "one of"},
       {"orchestrator.baseImageRepository", "\"\"", "an image repository"},
       {"orchestrator.baseImageRepository", "\"registry.example.com/images:tag\"", "an image repository"},
       {"orchestrator.workspaceImageRepository", "\"registry.example.com/Images\"", "an image repository"},
       {"orchestrator.workspaceImageRepository", "\"https://registry.example.com/a\"", "an image repository"},
       {"orchestrator.builderImage", "\"a b\"", "an image reference"},
       {"orchestrator.wsman.address", "\"ws-manager\"", "the port is missing"},
       {"orchestrator.wsman.address", "\"ws-manager:0\"", "above 0"},
       {"orchestrator.pullSecretFile", "\"a\\u0000b\"", "control characters"},
       {"local.stateDirectory", "\"state\"", "absolute path"},
       {"local.concurrentBuilds", "-1", "must not be negative"},
       {"local.concurrentBuilds", "1025", "at most 1024"},
       {"local.concurrentBuilds", "18446744073709551615", "too large"},
       {"local.buildTimeLimit", "\"0s\"", "at least \"1s\""},
       {"local.buildTimeLimit", "\"\"", "a number is missing"},
       {"local.buildTimeLimit", "\"1 hour\"", "a unit"},
       {"local.stopGrace", "\"-1s\"", "must not be negative"},
       {"local.isolation", "\"rootless\"", "one of \"auto\", \"oci\", \"chroot\""},
       {"local.layerCacheSize", "\"20 GiB\"", "a unit"},
       {"local.layerCacheSize", "-5", "must not be negative"},
       {"queue.length", "-1", "must not be negative"},
       {"retention.logBytesPerBuild", "\"1.5MiB\"", "a unit"},
       {"refCache.interval", "\"1ms\"", "at least \"1s\""},
       {"server.services.grpc.address", "\"\"", "the port is missing"},
       {"server.services.grpc.address", "\"off\"", "the port is missing"},
       {"health.address", "\"none\"", "or \"off\": the port is missing"},
       {"debug.address", "7", "must be an address"},
       {"debug.tokenFile", "true", "the path of a file"},
       {"server.services.grpc.address", "\"http://localhost:80\"", "must not be a URL"},
       {"server.services.grpc.address", "\"::1:8080\"", "brackets"},
       {"platform", "\"amd64\"", "two or three parts"},
       {"platform", "\"windows/amd64\"", "must be linux"},
       {"platform", "\"linux/x86_64\"", "one of 386, amd64"},
       {"platform", "\"linux/arm64/\"", "variant"},
       {"platform", "\"linux/arm64/v8/x\"", "two or three parts"},
       {"tagCache", "\"soon\"", "a duration such as"},
       {"log.level", "\"warn\"", "one of"}});
}

TEST_CASE("an unknown key is refused with the key that was probably meant") {
  check_each({{"orchestrator.baseImageRepositry", "\"x\"", "did you mean \"baseImageRepository\"?"},
              {"orchestrater", "{}", "did you mean \"orchestrator\"?"},
              {"local.build_time_limit", "1", "did you mean \"buildTimeLimit\"?"},
              {"log.levl", "1", "did you mean \"level\"?"},
              {"server.services.grcp", "{}", "did you mean \"grpc\"?"},
              {"service", "{}", "unknown key"},
              {"pprof", "{}", "unknown key; allowed here: $schema, orchestrator, refCache"},
              {"prometheus", "{}", "unknown key"},
              {"orchestrator.$schema", "\"x\"", "unknown key"},
              {"queue.x", "1", "allowed here: length"}});
}

TEST_CASE("what must be there is missed") {
  check_each({{"server.services.http.address", "null", "is missing; an address such as"}});
  auto tls = load_settings(R"({"server": {"services": {"grpc": {"tls": {"caPath": "/a", "keyPath": ""}}}}})",
                           no_files);
  REQUIRE(tls.faults.size() == 2);
  CHECK(to_string(tls.faults[0]) ==
        "server.services.grpc.tls.certPath: is missing; the path of a file is needed");
  CHECK(tls.faults[1].path == "server.services.grpc.tls.keyPath");
  CHECK(load_settings(R"({"server": {"services": {"grpc": {"tls": {}}}}})", no_files).faults.size() == 3);
  auto part =
      load_settings(R"({"orchestrator": {"wsman": {"tls": {"ca": "/a", "crt": "", "key": ""}}}})", no_files);
  CHECK(part.faults.size() == 2);
}

TEST_CASE("the engine wsman needs an address and an image to build in") {
  auto faults = load_settings(R"({"orchestrator": {"engine": "wsman", "wsman": {"address": ""}}})").faults;
  REQUIRE(faults.size() == 2);
  CHECK(faults[0].path == "orchestrator.wsman.address");
  CHECK(faults[1].path == "orchestrator.builderImage");
  auto refused = load_settings(R"({"orchestrator": {"engine": "wsman", "wsman": {"address": "x"},
    "builderImage": "example.com/bob:1"}})")
                     .faults;
  REQUIRE(refused.size() == 1);
  CHECK_THAT(refused[0].message, Catch::Contains("the port is missing"));
  CHECK(load_settings(R"({"orchestrator": {"engine": "wsman", "wsman": 3, "builderImage": "b"}})")
            .faults.size() == 2);
}

TEST_CASE("an IPv6 address names no repository for the engine that builds here") {
  const std::string repositories =
      R"("baseImageRepository": "[::1]:5000/a", "workspaceImageRepository": "[::1]:5000/b")";
  auto faults = load_settings("{\"orchestrator\": {" + repositories + "}}").faults;
  REQUIRE(faults.size() == 2);
  CHECK(faults[0].path == "orchestrator.baseImageRepository");
  CHECK(faults[1].path == "orchestrator.workspaceImageRepository");
  CHECK(load_settings("{\"orchestrator\": {" + repositories +
                      R"(, "wsman": {"address": "w:1"}, "builderImage": "b"}})")
            .ok());
}

TEST_CASE("elements of a list are blamed by their position") {
  auto faults =
      load_settings(R"({"refCache": {"refs": ["alpine", 5, "A b", null, "busybox:1", ""]}})").faults;
  REQUIRE(faults.size() == 4);
  CHECK(faults[0].path == "refCache.refs[1]");
  CHECK(faults[1].path == "refCache.refs[2]");
  CHECK(faults[2].path == "refCache.refs[3]");
  CHECK(faults[3].path == "refCache.refs[5]");
}

TEST_CASE("registries are blamed by their quoted domain") {
  auto faults = load_settings(R"({"registries": {"example.com": {"plainHTTP": true}, "hub": {}, "a/b": {},
    "https://example.com": {}, "": {}, "example.org:5000": {"mirror": "https://m.example.com"},
    "example.net": 3}})")
                    .faults;
  std::vector<std::string> paths;
  for (const auto& f : faults)
    paths.push_back(f.path);
  std::sort(paths.begin(), paths.end());
  CHECK(paths == std::vector<std::string>{
                     "registries.hub", R"(registries[""])", R"(registries["a/b"])",
                     R"(registries["example.com"].plainHTTP)", R"(registries["example.net"])",
                     R"(registries["example.org:5000"].mirror)", R"(registries["https://example.com"])"});
}

TEST_CASE("a key without a certificate is refused") {
  auto faults = load_settings(R"({"registries": {"example.com": {"keyFile": "/our.key"},
    "example.org": {"certFile": "/our.pem"}}})",
                              no_files)
                    .faults;
  REQUIRE(faults.size() == 1);
  CHECK(faults[0].path == R"(registries["example.com"].keyFile)");
  CHECK_THAT(faults[0].message, Catch::Contains("certFile is needed"));
}

TEST_CASE("one registry under two names is refused") {
  auto faults = load_settings(R"({"registries": {"docker.io": {}, "index.docker.io": {}}})").faults;
  REQUIRE(faults.size() == 1);
  CHECK_THAT(faults[0].message, Catch::Contains("same registry"));
}

TEST_CASE("all faults are reported at once") {
  auto faults = load_settings(R"({"orchestrator": {"engine": "x", "baseImageRepository": "A"},
    "tagCache": 1, "queue": {"size": 1}, "more": {}})")
                    .faults;
  CHECK(faults.size() == 5);
}
