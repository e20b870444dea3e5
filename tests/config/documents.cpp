#include "config/documents.hpp"
#include "config/loader.hpp"
#include "tests/config/files.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <sstream>

using namespace ib::config;
using nlohmann::json;

namespace {

const std::string folder = IB_SOURCE_DIR "/config/";

bool has_type(const json& value, const std::string& type) {
  return type == (value.is_number_integer() ? "integer" : value.type_name());
}

/// As much of JSON schema as settings_schema uses. True where `value` fits.
bool fits(const json& schema, const json& value) {
  auto types = schema.at("type").is_array() ? schema.at("type") : json::array({schema.at("type")});
  bool typed = std::any_of(types.begin(), types.end(), [&](const json& t) { return has_type(value, t); });
  if (!typed) return false;
  if (schema.contains("enum") && std::count(schema["enum"].begin(), schema["enum"].end(), value) == 0)
    return false;
  if (value.is_number() && schema.contains("minimum") && value < schema["minimum"]) return false;
  if (value.is_number() && schema.contains("maximum") && value > schema["maximum"]) return false;
  if (value.is_array())
    return std::all_of(value.begin(), value.end(),
                       [&](const json& v) { return fits(schema.at("items"), v); });
  if (!value.is_object()) return true;
  for (const auto& name : schema.value("required", json::array()))
    if (!value.contains(name.get<std::string>())) return false;
  const auto properties = schema.value("properties", json::object());
  for (const auto& [name, member] : value.items()) {
    const auto& rule = properties.contains(name) ? properties[name] : schema.at("additionalProperties");
    if (rule.is_boolean() || !fits(rule, member)) return false;
  }
  return true;
}

json schema() { return json::parse(settings_schema()); }

} // namespace

TEST_CASE("the example of the embedded engine is what the program prints and loads with all checks") {
  CHECK(read_text(folder + "example.json") == example_settings());
  auto result = load_settings_file(folder + "example.json");
  for (const auto& f : result.faults)
    FAIL_CHECK(to_string(f));
  CHECK(result.notices.empty());
  CHECK(result.value.orchestrator.engine == engine_kind::local);
  CHECK(result.value.registries.registries.at("localhost:5000").plain_http == true);
}

TEST_CASE("a deployed configuration loads as it is") {
  auto result = load_settings_file(folder + "deployed-wsman.json", {.check_files = false});
  for (const auto& f : result.faults)
    FAIL_CHECK(to_string(f));
  CHECK(result.notices.size() == 1);
  const auto& o = result.value.orchestrator;
  CHECK(o.engine == engine_kind::wsman);
  CHECK(o.wsman_address == "ws-manager:8080");
  REQUIRE(o.wsman_tls.has_value());
  CHECK(o.wsman_tls->key == "/wsman-certs/tls.key");
  CHECK(o.pull_secret == "builtin-registry-auth");
  CHECK(o.pull_secret_file == "/config/pull-secret/pull-secret.json");
  CHECK(o.base_image_repository == "registry.example.com/base-images");
  CHECK(o.workspace_image_repository == "registry.example.com/workspace-images");
  CHECK(o.builder_image == "registry.example.com/image-builder-mk3/bob:release");
  CHECK(result.value.ref_cache.refs.size() == 1);
  CHECK(result.value.grpc.address == "0.0.0.0:8080");
  REQUIRE(result.value.grpc.tls.has_value());
  CHECK(result.value.grpc.tls->certificate == "/certs/tls.crt");
  CHECK_FALSE(result.value.http.has_value());
}

TEST_CASE("the files of a deployed configuration are missed one by one") {
  // Below a new directory, so that no file of this machine can be one of them.
  temporary_directory here;
  auto text = read_text(folder + "deployed-wsman.json");
  for (size_t at = 0; (at = text.find("\"/", at)) != std::string::npos; at += here.path().size())
    text.insert(at + 1, here.path());
  CHECK(load_settings(text).faults.size() == 7);
  CHECK(load_settings(text, {.check_files = false}).ok());
}

TEST_CASE("printed settings load as the same settings") {
  auto deployed = load_settings_file(folder + "deployed-wsman.json", {.check_files = false}).value;
  settings full = deployed;
  full.orchestrator.wsman_log_ca_file = "/logs/ca.pem";
  full.http = listener_settings{"[::1]:0", tls_files{"/a", "/b", "/c"}};
  full.local = {"/srv/state", 5, 61'500, 1, isolation_mode::oci, true, 1000};
  full.limits = {1, 2, 3};
  full.tag_cache_ms = 1500;
  full.registries.default_retry_after_ms = 2500;
  full.log_base_url = "https://logs.example.com/x";
  full.health_address = off;
  full.debug = {"[::]:6060", "/token", true};
  full.level = log_level::error;
  full.registries.platform = {"linux", "arm", "v7"};
  full.registries.registries["docker.io"] = {.ca_file = "/ca.pem", .mirror = "mirror.example.com"};
  full.registries.registries["[::1]:5000"].plain_http = false;
  for (const auto& s : {settings{}, deployed, full}) {
    auto text = print_settings(s);
    auto again = load_settings(text, {.check_files = false});
    for (const auto& f : again.faults)
      FAIL_CHECK(to_string(f));
    CHECK(print_settings(again.value) == text);
  }
  auto printed = json::parse(print_settings(full));
  CHECK(printed["server"]["services"]["http"]["tls"]["keyPath"] == "/c");
  CHECK(printed["server"]["services"]["http"]["url"] == "https://logs.example.com/x");
  CHECK(printed["health"]["address"] == "off");
  CHECK(printed["debug"]["allowCancel"] == true);
  CHECK(printed["local"]["buildTimeLimit"] == "1m1.5s");
  CHECK(printed["local"]["layerCacheSize"] == "1000B");
  CHECK(printed["registries"]["docker.io"] == json{{"caFile", "/ca.pem"}, {"mirror", "mirror.example.com"}});
}

TEST_CASE("the schema accepts what the loader accepts") {
  CHECK(fits(schema(), json::parse(example_settings())));
  CHECK(fits(schema(), json::parse(read_text(folder + "deployed-wsman.json"))));
  CHECK(fits(schema(), json::object()));
  CHECK(fits(schema(), {{"$schema", "./schema.json"}, {"local", {{"layerCacheSize", 5}}}, {"log", nullptr}}));
  CHECK(fits(schema(),
             json::parse(R"({"orchestrator": {"wsman": {"tls": {"ca": "", "crt": "", "key": ""}}}})")));
  CHECK(fits(schema(), json::parse(R"({"registries": {"a.b": null}, "log": {"level": null}})")));
}

TEST_CASE("the schema refuses what the loader refuses") {
  for (const std::string text :
       {R"({"unknown": 1})", R"({"queue": {"length": -1}})", R"({"queue": {"length": "1"}})",
        R"({"local": {"concurrentBuilds": 1025}})", R"({"local": {"isolation": "none"}})",
        R"({"refCache": []})", R"({"refCache": {"refs": [1]}})", R"({"registries": {"a.b": {"mirror": 1}}})",
        R"({"registries": {"a.b": {"x": 1}}})", R"({"server": {"services": {"http": {}}}})",
        R"({"server": {"services": {"grpc": {"tls": {"caPath": "/a"}}}}})", "[]", "null"}) {
    CAPTURE(text);
    CHECK_FALSE(fits(schema(), json::parse(text)));
    CHECK_FALSE(load_settings(text).ok());
  }
}

TEST_CASE("settings with bytes that are no UTF-8 are printed all the same") {
  settings s;
  s.local.state_directory = "/srv/\xff";
  CHECK_THAT(print_settings(s), Catch::Contains("/srv/\ufffd"));
}

TEST_CASE("the schema names its dialect, the defaults and a description for every key") {
  auto s = schema();
  CHECK(s["$schema"] == "https://json-schema.org/draft/2020-12/schema");
  CHECK(s["properties"]["local"]["properties"]["buildTimeLimit"]["default"] == "1h0m0s");
  CHECK(s["properties"]["orchestrator"]["properties"]["engine"]["enum"] == json{"local", "wsman", nullptr});
  CHECK_FALSE(s["properties"]["orchestrator"]["properties"]["engine"].contains("default"));
  auto texts = s.dump();
  CHECK(texts.find("\"description\":\"\"") == std::string::npos);
}

TEST_CASE("the README's table of keys is the generated one") {
  CHECK_THAT(settings_table(), Catch::Contains("| `registries[DOMAIN].caFile` |"));
  CHECK_THAT(read_text(folder + "README.md"), Catch::Contains(settings_table()));
}

TEST_CASE("the sample workspace copies only what lies beside it or tools/run brings") {
  auto text = read_text(folder + "sample/Dockerfile");
  REQUIRE_FALSE(text.empty());
  size_t copies = 0;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("COPY ")) continue;
    ++copies;
    auto source = line.substr(5, line.find(' ', 5) - 5);
    CAPTURE(source);
    CHECK((source == "busybox" || std::filesystem::exists(folder + "sample/" + source)));
  }
  CHECK(copies == 3);
}
