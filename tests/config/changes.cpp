#include "config/changes.hpp"
#include "config/definition.hpp"
#include "config/loader.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace ib::config;

namespace {

settings loaded(const std::string& text) {
  auto result = load_settings(text, {.check_files = false});
  for (const auto& f : result.faults)
    FAIL(to_string(f));
  return result.value;
}

using changes = std::vector<change>;

} // namespace

TEST_CASE("the same configuration has no changes, whatever is in it") {
  for (
      const char* text :
      {"{}",
       R"({"registries": {"r.example": {"caFile": "/ca.pem"}}, "server": {"services": {"http": {"address": ":0"}}}})"})
    CHECK(changes_between(loaded(text), loaded(text)).empty());
}

TEST_CASE("each changed key is told with both values, and whether the change holds at once") {
  auto before =
      loaded(R"({"log": {"level": "info"}, "queue": {"length": 3}, "refCache": {"refs": ["a:1"]}})");
  auto after =
      loaded(R"({"log": {"level": "debug"}, "queue": {"length": 3}, "refCache": {"refs": ["a:1", "b:2"]},
                          "metrics": {"address": "off"}, "local": {"buildTimeLimit": "90m"}})");
  CHECK(changes_between(before, after) == changes{{"refCache.refs", "[\"a:1\"]", "[\"a:1\",\"b:2\"]", true},
                                                  {"local.buildTimeLimit", "\"1h0m0s\"", "\"1h30m0s\"", true},
                                                  {"metrics.address", "\"127.0.0.1:9500\"", "\"off\"", false},
                                                  {"log.level", "\"info\"", "\"debug\"", true}});
}

TEST_CASE("keys of registries and of TLS that come and go are changes, too") {
  auto before = loaded(
      R"({"registries": {"gone.example": {"plainHttp": true}, "both.example": {"mirror": "m.example"}}})");
  auto after = loaded(
      R"({"registries": {"both.example": {"mirror": "n.example"}, "new.example": {"caFile": "/ca.pem"}},
    "server": {"services": {"grpc": {"tls": {"caPath": "/a", "certPath": "/b", "keyPath": "/c"}}}}})");
  CHECK(changes_between(before, after) ==
        changes{{"server.services.grpc.tls.caPath", "not set", "\"/a\"", false},
                {"server.services.grpc.tls.certPath", "not set", "\"/b\"", false},
                {"server.services.grpc.tls.keyPath", "not set", "\"/c\"", false},
                {"registries[\"both.example\"].mirror", "\"m.example\"", "\"n.example\"", false},
                {"registries[\"gone.example\"].plainHttp", "true", "not set", false},
                {"registries[\"new.example\"].caFile", "not set", "\"/ca.pem\"", false}});
}

TEST_CASE("what holds at once is taken over, and nothing else") {
  auto before = loaded(R"({"queue": {"length": 3}, "metrics": {"address": ":1"}})");
  auto after = loaded(R"({"queue": {"length": 4}, "metrics": {"address": ":2"}, "log": {"level": "error"},
    "registries": {"new.example": {"mirror": "m.example"}}, "server": {"services": {"http": {"address": ":0"}}}})");
  auto merged = with_changes_at_once(before, after);
  CHECK(merged.limits.queued_builds == 4);
  CHECK(merged.level == log_level::error);
  CHECK(merged.metrics_address == ":1");
  CHECK(merged.registries.registries.empty());
  CHECK_FALSE(merged.http);
  // What needs a restart is told again the next time; what was taken over is not.
  auto left = changes_between(merged, after);
  CHECK_FALSE(left.empty());
  CHECK(std::none_of(left.begin(), left.end(), [](const change& c) { return c.at_once; }));
}
