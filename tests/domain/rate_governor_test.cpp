#include "actors/domain/rate_governor.hpp"

#include <catch2/catch.hpp>

using namespace ib;

TEST_CASE("a registry is left alone until its time has passed") {
  rate_governor governor;
  CHECK_FALSE(governor.remaining_ms("a", 0));
  governor.hold("a", 5'000, 1'000);
  CHECK(governor.remaining_ms("a", 1'000) == 4'000);
  CHECK(governor.remaining_ms("a", 4'999) == 1);
  CHECK_FALSE(governor.remaining_ms("a", 5'000));
  CHECK_FALSE(governor.remaining_ms("b", 1'000));
}

TEST_CASE("the later of two ends counts") {
  rate_governor governor;
  governor.hold("a", 5'000, 0);
  governor.hold("a", 3'000, 0);
  CHECK(governor.remaining_ms("a", 0) == 5'000);
  governor.hold("a", 9'000, 0);
  CHECK(governor.remaining_ms("a", 0) == 9'000);
  governor.hold("b", 1'000, 1'000);
  CHECK(governor.size() == 1);
}

TEST_CASE("the governor's memory is bounded and what ended goes first") {
  rate_governor governor(2);
  governor.hold("ended", 10, 0);
  governor.hold("long", 1'000, 0);
  governor.hold("short", 500, 20);
  CHECK(governor.size() == 2);
  CHECK(governor.remaining_ms("long", 20));
  governor.hold("new", 700, 20);
  CHECK(governor.size() == 2);
  CHECK_FALSE(governor.remaining_ms("short", 20));
  CHECK(governor.remaining_ms("long", 20));
  CHECK(governor.remaining_ms("new", 20));
}
