#include "actors/io/utc_time.hpp"

#include <catch2/catch.hpp>

using namespace ib::io;

TEST_CASE("times for people are in UTC and never too early") {
  CHECK(utc_text(0) == "1970-01-01T00:00:00Z");
  CHECK(utc_text(1'709'251'199'000) == "2024-02-29T23:59:59Z");
  CHECK(utc_text(1'709'251'199'001) == "2024-03-01T00:00:00Z");
}
