#include "actors/io/bound_log.hpp"
#include "tests/support/captured_stderr.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <sstream>
#include <thread>
#include <vector>

using namespace ib::io;
using namespace ib::test;
using nlohmann::json;

namespace {

/// Lines as JSON, and the way they were before.
struct json_log {
  json_log() {
    flush_log(); // of what earlier tests held back
    set_log_json(true);
    set_log_version("1.2.3");
  }
  ~json_log() {
    flush_log();
    set_log_json(false);
    set_log_level(severity::info);
    set_log_version("");
  }
  std::vector<json> lines() const {
    std::vector<json> all;
    std::istringstream text(captured.text());
    for (std::string line; std::getline(text, line);)
      all.push_back(json::parse(line));
    return all;
  }
  captured_stderr captured;
};

} // namespace

TEST_CASE("a JSON line has time, severity, message, service and fields", "[log]") {
  json_log log;
  log_warning("careful: \"quoted\"\n\x01", {{"build_id", "b1"}, {"what", "\xff no UTF-8"}});
  auto lines = log.lines();
  REQUIRE(lines.size() == 1);
  const auto& line = lines[0];
  CHECK(line["severity"] == "warning");
  CHECK(line["message"] == "careful: \"quoted\"\n\x01");
  CHECK(line["serviceContext"] == json{{"service", "image-builder"}, {"version", "1.2.3"}});
  CHECK(line["build_id"] == "b1");
  auto time = line["time"].get<std::string>();
  CHECK(time.size() == 24);
  CHECK(time.back() == 'Z');
}

TEST_CASE("lines below the level are not written, and the level can be changed", "[log]") {
  json_log log;
  log_debug("hidden");
  set_log_level(severity::debug);
  log_debug("shown");
  set_log_level(severity::error);
  log_warning("hidden");
  auto lines = log.lines();
  REQUIRE(lines.size() == 1);
  CHECK(lines[0]["message"] == "shown");
}

TEST_CASE("a bound log adds its fields to every line and leaves out empty ones", "[log]") {
  json_log log;
  bound_log bound({{"build_id", "b2"}, {"actor", "house/builds/b2"}, {"trace_id", ""}});
  bound.info("one");
  bound.error("two", {{"cause", "none"}});
  auto lines = log.lines();
  REQUIRE(lines.size() == 2);
  CHECK(lines[0]["build_id"] == "b2");
  CHECK(lines[0]["actor"] == "house/builds/b2");
  CHECK_FALSE(lines[0].contains("trace_id"));
  CHECK(lines[1]["severity"] == "error");
  CHECK(lines[1]["cause"] == "none");
}

TEST_CASE("a line that repeats is held back and counted; one with another field is another line", "[log]") {
  json_log log;
  for (int i = 0; i < 100; ++i)
    log_warning("again", {{"peer", "a"}});
  log_warning("again", {{"peer", "b"}});
  CHECK(log.lines().size() == 6);
  flush_log();
  auto lines = log.lines();
  REQUIRE(lines.size() == 7);
  CHECK(lines[6]["message"] == "again");
  CHECK(lines[6]["severity"] == "warning");
  CHECK(lines[6]["peer"] == "a");
  CHECK(lines[6]["times_more"] == "95");
}

TEST_CASE("threads that log at once write whole lines", "[log]") {
  json_log log;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([t] {
      for (int i = 0; i < 250; ++i)
        log_info("line", {{"thread", std::to_string(t)}, {"number", std::to_string(i)}});
    });
  for (auto& thread : threads)
    thread.join();
  CHECK(log.lines().size() == 1000);
}

TEST_CASE("a line for people is one line", "[log]") {
  captured_stderr captured;
  log_info("two\nlines", {{"name", "a\tvalue"}});
  auto text = captured.text();
  CHECK(text.find("info: two lines  name=a value\n") != std::string::npos);
}
