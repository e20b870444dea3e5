#include "actors/domain/repeat_limiter.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <random>

using namespace ib;

TEST_CASE("some of the same words pass, the rest are counted until their time is over") {
  repeat_limiter limiter({2, 100, 10});
  CHECK(limiter.admit("a", 0));
  CHECK(limiter.admit("a", 1));
  CHECK_FALSE(limiter.admit("a", 2));
  CHECK_FALSE(limiter.admit("a", 99));
  CHECK(limiter.admit("b", 99));
  CHECK(limiter.due(99).empty());
  auto told = limiter.due(100);
  REQUIRE(told.size() == 1);
  CHECK(told[0].words == "a");
  CHECK(told[0].times == 2);
  CHECK(limiter.due(100).empty());
  CHECK(limiter.admit("a", 100));
}

TEST_CASE("words that were not held back are not told again") {
  repeat_limiter limiter({2, 100, 10});
  CHECK(limiter.admit("a", 0));
  CHECK(limiter.admit("a", 0));
  CHECK(limiter.due(1000).empty());
}

TEST_CASE("what is held back at the end is told at the end") {
  repeat_limiter limiter({1, 100, 10});
  limiter.admit("a", 0);
  limiter.admit("a", 0);
  auto told = limiter.due(INT64_MAX);
  REQUIRE(told.size() == 1);
  CHECK(told[0].times == 1);
}

TEST_CASE("more different words than are remembered pass all the same") {
  repeat_limiter limiter({1, 100, 3});
  for (int i = 0; i < 100; ++i)
    CHECK(limiter.admit(std::to_string(i), 0));
  CHECK_FALSE(limiter.admit("2", 0));
  CHECK(limiter.admit("50", 0));
  CHECK(limiter.due(100).size() == 1);
  // All are forgotten by now.
  CHECK(limiter.admit("50", 100));
  CHECK_FALSE(limiter.admit("50", 100));
}

TEST_CASE(
    "whatever comes when: everything is said or counted, and no more than the burst is said in a period") {
  std::minstd_rand random(20'261'124);
  repeat_limiter limiter({3, 50, 1000});
  std::map<std::string, size_t> asked, said, counted;
  std::map<std::string, std::vector<int64_t>> said_at;
  int64_t now = 0;
  auto take = [&](int64_t when) {
    for (const auto& [words, times] : limiter.due(when))
      counted[words] += times;
  };
  for (int i = 0; i < 20'000; ++i) {
    now += random() % 8;
    auto words = std::string(1, static_cast<char>('a' + random() % 5));
    take(now);
    ++asked[words];
    if (!limiter.admit(words, now)) continue;
    ++said[words];
    said_at[words].push_back(now);
  }
  take(INT64_MAX);
  for (const auto& [words, times] : asked) {
    CHECK(said[words] + counted[words] == times);
    // A period begins with its first line: six lines are at least one period apart.
    const auto& at = said_at[words];
    for (size_t i = 6; i < at.size(); ++i)
      CHECK(at[i] - at[i - 6] >= 50);
  }
}
