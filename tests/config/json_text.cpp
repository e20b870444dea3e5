#include "config/loader.hpp"
#include "tests/config/files.hpp"

#include <catch2/catch.hpp>

#include <random>

using namespace ib::config;

namespace {

std::string repeated(const std::string& text, size_t times) {
  std::string out;
  for (size_t i = 0; i < times; ++i)
    out += text;
  return out;
}

fault only_fault(const std::string& text) {
  auto result = load_settings(text);
  REQUIRE(result.faults.size() == 1);
  return result.faults[0];
}

} // namespace

TEST_CASE("what is no JSON is one fault that says where") {
  struct row {
    std::string text;
    std::string where;
  };
  const std::vector<row> rows{{"", "line 1, column 1"},
                              {"{", "line 1, column 1"},
                              {"{}\n{}", "line 2, column 1"},
                              {"{} x", "line 1, column 4"},
                              {"{\n  \"queue\": {,}\n}", "line 2, column 13"},
                              {"{'a': 1}", "line 1, column 2"},
                              {"{\"a\": 1,}", "line 1, column 9"},
                              {"{} // comment", "line 1, column 4"},
                              {"\xff\xfe{}", "line 1, column 1"},
                              {"{\"a\": \"\xc3\x28\"}", "line 1"},
                              {std::string("{}\0", 3), "line 1, column 3: a zero byte"},
                              {std::string("{}\n\0 rest", 9), "line 2, column 1: a zero byte"},
                              {"{\"tagCache\": 1e999}", "line 1"}};
  for (const auto& r : rows) {
    CAPTURE(r.text);
    auto f = only_fault(r.text);
    CHECK(f.path.empty());
    CHECK_THAT(f.message, Catch::StartsWith("not valid JSON at ") && Catch::Contains(r.where));
    CHECK(f.message.size() < 300);
  }
}

TEST_CASE("a top level that is no object is refused") {
  for (const std::string text : {"[]", "null", "3", "\"text\"", "true"}) {
    CAPTURE(text);
    CHECK(only_fault(text) == fault{"", "must be an object"});
  }
}

TEST_CASE("a key that is there twice is refused with its path") {
  auto f = only_fault(R"({"queue": {"length": 1, "length": 2}})");
  CHECK(f == fault{"queue.length", "this key is there twice"});
  CHECK(only_fault(R"({"log": {}, "log": {}})").path == "log");
  CHECK(only_fault(R"({"registries": {"a.b": {}, "a.b": {}}})").path == R"(registries["a.b"])");
  auto inside = load_settings(R"({"refCache": {"refs": ["alpine", [1, {"x": 1, "x": 2}]]}})");
  REQUIRE(inside.faults.size() == 2);
  CHECK(inside.faults[0].path == "refCache.refs[1][1].x");
}

TEST_CASE("the same key in two objects is no duplicate") {
  CHECK(load_settings(R"({"registries": {"a.b": {"plainHttp": true}, "c.d": {"plainHttp": true}}})").ok());
}

TEST_CASE("bottomless nesting is refused without reading on") {
  for (const std::string open : {"[", "{\"a\":"}) {
    auto f = only_fault(repeated(open, 100'000));
    CHECK_THAT(f.message, Catch::Contains("nested deeper than 32 levels"));
  }
  auto within = load_settings("{\"a\":" + repeated("[", 31) + repeated("]", 31) + "}");
  REQUIRE(within.faults.size() == 1);
  CHECK(within.faults[0].path == "a");
}

TEST_CASE("a text above 1 MiB is refused and one of 1 MiB is read") {
  const size_t limit = 1 << 20;
  auto padded = [](size_t size) { return "{}" + std::string(size - 2, ' '); };
  CHECK(load_settings(padded(limit)).ok());
  CHECK_THAT(only_fault(padded(limit + 1)).message, Catch::Contains("larger than 1 MiB"));
}

TEST_CASE("a very long key is shortened in its fault") {
  for (const std::string last : {"k", "!", "\u00e4"}) {
    auto f = only_fault("{\"" + std::string(79, 'k') + repeated(last, 200'000) + "\": 1}");
    CHECK(f.path.size() < 200);
    CHECK_THAT(f.message, Catch::StartsWith("unknown key"));
  }
}

TEST_CASE("a configuration file is read, and one that cannot be read is a fault") {
  temporary_directory here;
  auto good = load_settings_file(here.write("good.json", R"({"queue": {"length": 9}})"));
  CHECK(good.ok());
  CHECK(good.value.limits.queued_builds == 9);
  auto missing = load_settings_file(here.path() + "/missing.json");
  REQUIRE(missing.faults.size() == 1);
  CHECK_THAT(missing.faults[0].message, Catch::Contains("cannot open " + here.path() + "/missing.json"));
  auto directory = load_settings_file(here.path());
  REQUIRE(directory.faults.size() == 1);
  CHECK_THAT(directory.faults[0].message, Catch::Contains("is a directory"));
  auto endless = load_settings_file("/dev/zero");
  REQUIRE(endless.faults.size() == 1);
  CHECK_THAT(endless.faults[0].message, Catch::Contains("larger than 1 MiB"));
}

TEST_CASE("no damaged text makes the loader do more than report faults") {
  const auto whole = read_text(IB_SOURCE_DIR "/config/deployed-wsman.json");
  std::mt19937 random(7);
  size_t refused = 0;
  for (int round = 0; round < 2000; ++round) {
    auto text = whole;
    for (int change = 0; change < 3; ++change) {
      auto at = random() % text.size();
      if (random() % 2 == 0)
        text[at] = static_cast<char>(random());
      else
        text.erase(at, random() % 20);
    }
    auto result = load_settings(text, {.check_files = false});
    for (const auto& f : result.faults)
      REQUIRE_FALSE(f.message.empty());
    refused += result.ok() ? 0 : 1;
  }
  CHECK(refused > 1000);
}
