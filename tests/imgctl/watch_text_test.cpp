#include "tools/imgctl/text.hpp"
#include "tools/imgctl/watch/actor_text.hpp"
#include "tools/imgctl/watch/screen.hpp"
#include "tools/imgctl/watch/top_text.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <limits>

using namespace ib::imgctl;
using lines = std::vector<std::string>;

namespace {

const canvas plain{};

actor_row actor(const std::string& path) {
  actor_row row;
  row.path = path;
  const auto cut = path.rfind('/');
  row.parent = cut == std::string::npos ? "" : path.substr(0, cut);
  return row;
}

house with_actors(const std::vector<actor_row>& rows) {
  house now;
  for (const auto& row : rows)
    now.actors[row.path] = row;
  return now;
}

build_row build(const std::string& id, const std::string& state, int64_t created_ms) {
  build_row row;
  row.id = id;
  row.ref = "r.test/ws:" + id;
  row.state = state;
  row.created_ms = created_ms;
  row.since_ms = created_ms;
  return row;
}

bool has(const lines& all, const std::string& part) {
  return std::any_of(all.begin(), all.end(),
                     [&](const auto& line) { return line.find(part) != std::string::npos; });
}

size_t line_of(const lines& all, const std::string& part) {
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&](const auto& line) { return line.find(part) != std::string::npos; });
  INFO(part);
  REQUIRE(found != all.end());
  return static_cast<size_t>(found - all.begin());
}

/// Two hundred builds, as many that wait, two thousand actors.
house crowd() {
  house now;
  now.known = true;
  now.now_ms = 100'000;
  now.running = now.queued = 200;
  for (int i = 0; i < 200; ++i) {
    auto id = std::to_string(10000 + i);
    now.builds["r" + id] = build("r" + id, "building", i);
    now.builds["q" + id] = build("q" + id, "queued", i);
    now.builds["q" + id].ahead = 199 - i;
  }
  for (int i = 0; i < 2000; ++i)
    now.actors["house/" + std::to_string(i)] = actor("house/" + std::to_string(i));
  now.series = {{"messages/s", std::vector<double>(180, 1)},
                {"memory bytes", std::vector<double>(180, 2048)}};
  return now;
}

} // namespace

TEST_CASE("actors are drawn as the tree they are", "[watch]") {
  const auto now =
      with_actors({actor("house"), actor("house/a"), actor("house/a/x"), actor("house/b"), actor("lone/z")});
  const auto drawn = draw_actors(now, "", {std::nullopt, false, true});
  REQUIRE(drawn.size() == 6);
  CHECK(drawn[0].starts_with("ACTOR"));
  CHECK(drawn[1].starts_with("house "));
  CHECK(drawn[2].starts_with("├─ a "));
  CHECK(drawn[3].starts_with("│  └─ x "));
  CHECK(drawn[4].starts_with("└─ b "));
  CHECK(drawn[5].starts_with("lone/z "));
  CHECK(draw_actors(now, "", plain)[3].starts_with("|  `- x "));
}

TEST_CASE("an actor in trouble says so", "[watch]") {
  auto bad = actor("house/a");
  bad.alive = false;
  bad.restarts = 2;
  bad.last_error = "it\nbroke\x1b[2J";
  auto busy = actor("house/b");
  busy.busy = true;
  busy.mailbox = 500;
  const auto drawn = draw_actors(with_actors({bad, busy}), "", plain);
  CHECK(drawn[1].find("crashed") != std::string::npos);
  CHECK(drawn[1].ends_with("2  it; broke"));
  CHECK(drawn[2].find("busy         500") != std::string::npos);
  const auto colored = draw_actors(with_actors({bad}), "", {std::nullopt, true, false});
  CHECK(colored[1].find("\x1b[31mcrashed") != std::string::npos);
}

TEST_CASE("actors are looked for by any of their words, whatever the case", "[watch]") {
  auto one = actor("house/journal");
  one.last_error = "Disk full";
  const auto now = with_actors({actor("house"), one, actor("house/x")});
  CHECK(draw_actors(now, "disk", plain).size() == 2);
  CHECK(draw_actors(now, "JOURNAL", plain)[1].starts_with("house/journal"));
  CHECK(draw_actors(now, "nothing", plain).size() == 1);
}

TEST_CASE("a table fits its canvas, and only its elastic column gives way", "[watch]") {
  const columns how{{"A", "LONG", "B"}, {false, false, true}, 1};
  const std::vector<std::vector<cell>> rows{{{"1"}, {"a text that is rather long"}, {"22"}},
                                            {{"2"}, {"short"}, {"3"}}};
  const auto narrow = draw_table(how, rows, {20, false, false});
  CHECK(narrow[1] == "1  a text that …  22");
  CHECK(narrow[2] == "2  short           3");
  CHECK(draw_table(how, rows, plain)[1] == "1  a text that is rather long  22");
  for (const auto& line : draw_table(how, rows, {5, true, false}))
    CHECK(display_width(line) <= 5);
}

TEST_CASE("a sparkline has its peaks and is as wide as asked for", "[watch]") {
  CHECK(sparkline({0, 7}, 2, true) == "▁█");
  CHECK(sparkline({0, 7}, 4, false) == "  _#");
  CHECK(sparkline({}, 3, true) == "   ");
  CHECK(sparkline({0, 0}, 2, false) == "__");
  std::vector<double> many(180, 0);
  many[90] = 5;
  many[91] = std::numeric_limits<double>::quiet_NaN();
  const auto line = sparkline(many, 10, false);
  CHECK(line == "_____#____");
}

TEST_CASE("numbers are told as people read them", "[watch]") {
  CHECK(in_bytes(0) == "0 B");
  CHECK(in_bytes(1536) == "1.5 KiB");
  CHECK(in_bytes(5e12) == "4.5 TiB");
  CHECK(in_short(12) == "12");
  CHECK(in_short(3.44) == "3.4");
  CHECK(in_short(12'345) == "12.3k");
  CHECK(in_short(2.5e6) == "2.5M");
  CHECK(in_time(-5) == "0ms");
  CHECK(in_time(850) == "850ms");
  CHECK(in_time(59'999) == "59s");
  CHECK(in_time(185'000) == "3m05s");
  CHECK(in_time(7'800'000) == "2h10m");
  CHECK(in_time(356'400'000) == "4d03h");
}

TEST_CASE("the overview says how the service fares", "[watch]") {
  house now;
  now.version = "1.2.3";
  now.reasons = {{"journal", "the disk is full"}};
  now.storage.trouble = "no space left";
  auto drawn = draw_top(now, plain, std::nullopt, "");
  CHECK(drawn[0].starts_with("image-builder 1.2.3  not ready"));
  CHECK(drawn[1] == "  journal: the disk is full");
  CHECK(has(drawn, "journal  no space left"));
  now.ready = true;
  CHECK(draw_top(now, plain, std::nullopt, "")[0].find("  ready  ") != std::string::npos);
  CHECK(draw_top(now, plain, std::nullopt, "lost the service")[0].find("lost the service") !=
        std::string::npos);
}

TEST_CASE("builds are told with their time in a state, those that wait in their turn", "[watch]") {
  house now;
  now.now_ms = 100'000;
  now.builds["b1"] = build("b1", "building", 40'000);
  now.builds["b1"].since_ms = 70'000;
  now.builds["b1"].attempt = 2;
  now.builds["q2"] = build("q2", "queued", 10'000);
  now.builds["q2"].ahead = 1;
  now.builds["q1"] = build("q1", "queued", 20'000);
  now.builds["q1"].ahead = 0;
  now.builds["q1"].wait_ms = 65'000;
  now.builds["q0"] = build("q0", "queued", 5'000);
  const auto drawn = draw_top(now, plain, std::nullopt, "");
  const auto& running = drawn[line_of(drawn, "r.test/ws:b1")];
  CHECK(running.starts_with("b1     building  30s  1m00s    2"));
  CHECK(line_of(drawn, "r.test/ws:q1") < line_of(drawn, "r.test/ws:q2"));
  CHECK(line_of(drawn, "r.test/ws:q2") < line_of(drawn, "r.test/ws:q0"));
  CHECK(has(drawn, "    1  q1     1m20s  ~1m05s"));
  CHECK(has(drawn, "    -  q0     1m35s       -"));
}

TEST_CASE("crashed actors come first, then full mailboxes, then who has most to do", "[watch]") {
  auto dead = actor("house/z");
  dead.alive = false;
  auto full = actor("house/y");
  full.mailbox = 9;
  auto fast = actor("house/x");
  fast.per_s = 100;
  auto now = with_actors({actor("house/a"), fast, full, dead});
  const auto drawn = draw_top(now, plain, std::nullopt, "");
  CHECK(line_of(drawn, "house/z") < line_of(drawn, "house/y"));
  CHECK(line_of(drawn, "house/y") < line_of(drawn, "house/x"));
  CHECK(line_of(drawn, "house/x") < line_of(drawn, "house/a"));
}

TEST_CASE("a picture fits every terminal and says what it leaves out", "[watch]") {
  const auto now = crowd();
  for (size_t width : {1, 20, 80, 200})
    for (size_t height : {1, 5, 10, 24, 60}) {
      const auto drawn = draw_top(now, {width, true, true}, height, "");
      CHECK(drawn.size() <= height);
      for (const auto& line : drawn)
        CHECK(display_width(line) <= width);
    }
  const auto drawn = draw_top(now, {100, false, true}, 40, "");
  CHECK(drawn.size() == 40);
  CHECK(has(drawn, "builds: 200 running, 0 ended since the start  (18"));
  CHECK(has(drawn, "house/"));
  CHECK(has(draw_top(now, plain, std::nullopt, ""), "q10199"));
}

TEST_CASE("a picture is written over the last one", "[watch]") {
  CHECK(picture({"a", "b"}) == "\x1b[Ha\x1b[K\r\nb\x1b[K\x1b[J");
  CHECK(picture({}) == "\x1b[H\x1b[J");
}
