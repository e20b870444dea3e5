#include "actors/engine/wsman_replay.hpp"

#include <catch2/catch.hpp>

#include <random>

using namespace ib;

namespace {

/// Output of which no two long pieces are alike, as of a real build.
std::string output_of(size_t bytes, unsigned seed = 1) {
  std::mt19937 random(seed);
  std::string text;
  while (text.size() < bytes)
    text += "step " + std::to_string(random()) + ": some words\n";
  text.resize(bytes);
  return text;
}

void feed_in_pieces(replay_filter& filter, std::string_view bytes, std::mt19937& random, std::string& out) {
  while (!bytes.empty()) {
    auto size = std::min<size_t>(bytes.size(), 1 + random() % 700);
    CHECK_FALSE(filter.feed(bytes.substr(0, size), out));
    bytes.remove_prefix(size);
  }
}

} // namespace

TEST_CASE("a terminal that replays everything is followed without repeats, wherever it is cut off") {
  std::mt19937 random(3);
  for (size_t total : {1, 255, 256, 257, 1023, 1024, 1025, 5000, 100'000})
    for (int round = 0; round < 20; ++round) {
      auto whole = output_of(total, random());
      CAPTURE(total, round);
      replay_filter filter;
      std::string out;
      for (int cut = 0; cut < 4; ++cut) {
        filter.begin();
        feed_in_pieces(filter, std::string_view(whole).substr(0, random() % (total + 1)), random, out);
        CHECK_FALSE(filter.settle(out));
      }
      filter.begin();
      feed_in_pieces(filter, whole, random, out);
      REQUIRE(out == whole);
      REQUIRE(filter.taken() == total);
    }
}

TEST_CASE("a terminal that has lost its beginning is followed from where it was left") {
  std::mt19937 random(5);
  for (int round = 0; round < 100; ++round) {
    auto whole = output_of(50'000, random());
    replay_filter filter;
    std::string out;
    filter.begin();
    auto left_at = 10'000 + random() % 20'000;
    feed_in_pieces(filter, std::string_view(whole).substr(0, left_at), random, out);
    auto kept_from = left_at - 2000 - random() % 6000;
    filter.begin();
    feed_in_pieces(filter, std::string_view(whole).substr(kept_from), random, out);
    REQUIRE(out == whole);
  }
}

TEST_CASE("output that cannot be placed is told, with a warning") {
  auto whole = output_of(40'000);
  replay_filter filter;
  std::string out;
  filter.begin();
  filter.feed(whole.substr(0, 10'000), out);
  filter.begin();
  // What comes begins after what was let through: nothing can tell how much lies between.
  CHECK_FALSE(filter.feed(whole.substr(20'000, 5000), out));
  CHECK(filter.waits());
  CHECK(out.size() == 10'000);
  CHECK(filter.settle(out));
  CHECK_FALSE(filter.waits());
  filter.feed(whole.substr(25'000), out);
  CHECK(out == whole.substr(0, 10'000) + whole.substr(20'000));
}

TEST_CASE("a search does not go on for ever") {
  replay_filter filter;
  std::string out;
  filter.begin();
  filter.feed(output_of(10'000, 1), out);
  filter.begin();
  auto other = output_of(replay_filter::search_bytes + 1, 2);
  CHECK(filter.feed(other, out));
  CHECK(out.size() == 10'000 + other.size());
}

TEST_CASE("a short beginning that does not come again is followed by something else") {
  replay_filter filter;
  std::string out;
  filter.begin();
  filter.feed("first\n", out);
  filter.begin();
  CHECK(filter.feed("second\n", out));
  CHECK(out == "first\nsecond\n");
}

TEST_CASE("after a restart the bytes that were let through are counted") {
  auto whole = output_of(30'000);
  std::mt19937 random(9);
  for (uint64_t taken : {1, 100, 256, 5000, 29'999, 30'000}) {
    CAPTURE(taken);
    replay_filter filter(taken);
    std::string out;
    filter.begin();
    feed_in_pieces(filter, std::string_view(whole).substr(0, taken / 2), random, out);
    filter.begin(); // cut off while it still counted
    feed_in_pieces(filter, std::string_view(whole).substr(0, std::min<size_t>(taken + 500, 30'000)), random,
                   out);
    filter.begin(); // by now it knows what it has seen
    feed_in_pieces(filter, whole, random, out);
    REQUIRE(out == whole.substr(taken));
    REQUIRE(filter.taken() == whole.size());
  }
}

TEST_CASE("after a restart, what a terminal has left of its output was let through before") {
  auto whole = output_of(30'000);
  replay_filter filter(20'000);
  std::string out;
  filter.begin();
  filter.feed(whole.substr(12'000, 8000), out);
  CHECK(filter.waits());
  CHECK(filter.settle(out));
  CHECK(out.empty());
  filter.feed(whole.substr(20'000, 3000), out);
  CHECK(out == whole.substr(20'000, 3000));
  filter.begin();
  filter.feed(whole.substr(15'000), out);
  CHECK(out == whole.substr(20'000));
}

TEST_CASE("another terminal begins anew") {
  replay_filter filter;
  std::string out;
  filter.begin();
  filter.feed("the first terminal\n", out);
  filter.forget();
  filter.begin();
  filter.feed("the second terminal\n", out);
  filter.begin();
  filter.feed("the second terminal\nand more\n", out);
  CHECK(out == "the first terminal\nthe second terminal\nand more\n");
  CHECK(filter.taken() == out.size());
}
