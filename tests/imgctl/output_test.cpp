#include "tests/imgctl/support.hpp"
#include "tools/imgctl/table.hpp"

#include <catch2/catch.hpp>

using namespace ib::imgctl;
using namespace ib::imgctl::testing;

namespace {

terminal screen(size_t width, bool color = false) {
  return {true, color, true, [width] { return width; }};
}

} // namespace

TEST_CASE("phases take their time, and a reworded message is the same phase") {
  phase_clock clock(at(0));
  CHECK_FALSE(clock.enter("queued, 3 builds ahead", at(0)));
  CHECK_FALSE(clock.enter("queued, 2 builds ahead", at(500)));
  CHECK(clock.message() == "queued, 2 builds ahead");
  CHECK_FALSE(clock.enter("", at(800)));
  const auto queued = clock.enter("cloning x", at(1500));
  REQUIRE(queued);
  CHECK(queued->took == std::chrono::milliseconds(1500));
  CHECK(clock.in_phase(at(1700)) == std::chrono::milliseconds(200));
  CHECK(clock.in_build(at(1700)) == std::chrono::milliseconds(1700));
  CHECK(clock.end(at(2000))->message == "cloning x");
  CHECK_FALSE(clock.end(at(2000)));
}

TEST_CASE("a finished phase gets its check mark and time above the status line") {
  memory_sink sink;
  const auto live = make_live_output(sink, screen(80), at(0));
  live->running(running("cloning x"), at(0));
  CHECK(sink.stdout_bytes == "⠋ cloning x  0.0s");
  sink.stdout_bytes.clear();
  live->running(running("building"), at(1300));
  CHECK(sink.stdout_bytes == "\r\x1b[J✓ cloning x (1.3s)\n⠸ building  0.0s of 1.3s");
}

TEST_CASE("log lines scroll above the status line, cut to the width and tamed") {
  memory_sink sink;
  const auto live = make_live_output(sink, screen(20), at(0));
  live->log("short\nthis line is far too long\x1b[2J\npart", at(0));
  CHECK(sink.stdout_bytes == "│ short\n│ this line is far …\n⠋ waiting fo…  0.0s");
  sink.stdout_bytes.clear();
  live->finished(done(builder::done_success), at(10));
  CHECK(sink.stdout_bytes ==
        "\r\x1b[J│ part\n✓ the image exists …\nbase reg/base:1\nworkspace reg/workspace:1\n");
}

TEST_CASE("a status line that a narrower terminal has folded is erased on all its rows") {
  memory_sink sink;
  size_t width = 60;
  const auto live = make_live_output(sink, {true, false, true, [&width] { return width; }}, at(0));
  live->running(running("a message of thirty-five characters"), at(0));
  sink.stdout_bytes.clear();
  width = 20;
  live->tick(at(100));
  CHECK(sink.stdout_bytes.starts_with("\r\x1b[2A\x1b[J")); // 43 columns are three rows of 20
}

TEST_CASE("nothing is drawn wider than the terminal, down to a single column") {
  for (size_t width = 0; width < 40; ++width) {
    memory_sink sink;
    const auto live = make_live_output(sink, screen(width), at(0));
    live->running(running("building the workspace image"), at(0));
    CHECK(std::count(sink.stdout_bytes.begin(), sink.stdout_bytes.end(), '\n') == 0);
    CHECK(sink.stdout_bytes.size() <= width + 12); // multi-byte marks
  }
}

TEST_CASE("a failed build marks its phase and tells all lines of the message") {
  memory_sink sink;
  const auto live = make_live_output(sink, screen(80), at(0));
  live->running(running("building"), at(0));
  sink.stdout_bytes.clear();
  live->finished(done(builder::done_failure, "build failed: step 2\nlast line"), at(2000));
  CHECK(sink.stdout_bytes == "\r\x1b[J✗ building (2.0s)\n✗ build failed: step 2\n  last line\n");
}

TEST_CASE("colour is used only where it is wanted") {
  for (const bool color : {true, false}) {
    memory_sink sink;
    const auto live = make_live_output(sink, screen(80, color), at(0));
    live->log("\x1b[31mred\x1b[0m\n", at(0));
    live->finished(done(builder::done_success), at(10));
    CHECK((sink.stdout_bytes.find("\x1b[3") != std::string::npos) == color);
  }
}

TEST_CASE("a terminal without UTF-8 gets plain marks") {
  memory_sink sink;
  const auto live = make_live_output(sink, {true, false, false, [] { return size_t{80}; }}, at(0));
  live->running(running("building"), at(0));
  live->finished(done(builder::done_success), at(10));
  CHECK(sink.stdout_bytes.find("+ building (0.0s)\n+ built in 0.0s\n") != std::string::npos);
  CHECK(std::all_of(sink.stdout_bytes.begin(), sink.stdout_bytes.end(), [](char c) { return c >= 0; }));
}

TEST_CASE("plain output keeps the log's bytes apart from everything else") {
  memory_sink sink;
  const auto plain = make_plain_output(sink);
  const std::string bytes("a\x1b[2J\xff\0b", 8);
  plain->running(running("cloning x"), at(0));
  plain->running(running("cloning x"), at(1));
  plain->log(bytes, at(2));
  plain->finished(done(builder::done_success), at(3));
  CHECK(sink.stdout_bytes == bytes);
  CHECK(sink.stderr_bytes == "==> cloning x\nbase reg/base:1\nworkspace reg/workspace:1\n");
}

TEST_CASE("quiet output is the workspace reference alone") {
  memory_sink sink;
  const auto quiet = make_quiet_output(sink);
  quiet->running(running("cloning x"), at(0));
  quiet->notice("something", at(0));
  quiet->finished(done(builder::done_success), at(1));
  CHECK(sink.stdout_bytes == "reg/workspace:1\n");
  CHECK(sink.stderr_bytes.empty());
  CHECK_FALSE(quiet->wants_log());
  quiet->finished(done(builder::done_failure, "build failed: x"), at(1));
  CHECK(sink.stderr_bytes == "error: build failed: x\n");
}

TEST_CASE("JSON output is one object per line") {
  memory_sink sink;
  const auto json = make_json_output(sink);
  json->running(running("cloning \"x\""), at(0));
  json->log("line\n", at(0));
  json->finished(done(builder::done_failure, "build failed: x"), at(1));
  CHECK(sink.stdout_bytes ==
        "{\"status\":\"running\",\"message\":\"cloning \\\"x\\\"\",\"info\":{\"buildId\":\"id-1\"}}\n"
        "{\"log\":\"line\\n\"}\n"
        "{\"ref\":\"reg/workspace:1\",\"status\":\"done_failure\",\"message\":\"build failed: x\","
        "\"baseRef\":\"reg/base:1\"}\n");
}

TEST_CASE("ages are given in their largest unit") {
  CHECK(format_age(1000, 1012) == "12s");
  CHECK(format_age(1000, 1000 + 185) == "3m");
  CHECK(format_age(1000, 1000 + 7500) == "2h05m");
  CHECK(format_age(1000, 1000 + 3 * 86400) == "3d");
  CHECK(format_age(0, 1000) == "-");
  CHECK(format_age(1010, 1000) == "0s");
}

TEST_CASE("the table aligns its columns and shortens references for a terminal alone") {
  builder::ListBuildsResponse builds;
  auto& first = *builds.add_builds();
  first.set_build_id("a-long-build-id");
  first.set_status(builder::running);
  first.set_started_at(100);
  first.set_ref("reg/ws:" + std::string(64, 'a'));
  builds.add_builds()->set_build_id("b");
  CHECK(render_table(builds, 160, std::nullopt) == "BUILD ID         STATUS   AGE  REFERENCE\n"
                                                   "a-long-build-id  running  1m   reg/ws:" +
                                                       std::string(64, 'a') + "\n" +
                                                       "b                unknown  -    \n");
  CHECK(render_table(builds, 160, 60).find("reg/ws:aaaaaaaaaaaa…\n") != std::string::npos);
}
