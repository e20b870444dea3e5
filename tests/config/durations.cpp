#include "config/durations.hpp"

#include <catch2/catch.hpp>

#include <cstdint>
#include <string>
#include <vector>

using namespace ib::config;

TEST_CASE("durations are read as Go reads them") {
  struct row {
    std::string text;
    int64_t ms;
  };
  const std::vector<row> rows{{"0", 0},
                              {"0s", 0},
                              {"6h0m0s", 21'600'000},
                              {"1.5h", 5'400'000},
                              {"300ms", 300},
                              {"-1s", -1000},
                              {"+5s", 5000},
                              {"1h2m3.004s", 3'723'004},
                              {"1s1s", 2000},
                              {".5s", 500},
                              {"1.s", 1000},
                              {"0.3s", 300},
                              {"0.10000000000000000000000h", 360'000},
                              {"1000us", 1},
                              {"1000\u00b5s", 1},
                              {"2000\u03bcs", 2},
                              {"1000000ns", 1},
                              {"500us500us", 1},
                              {"2562047h", 9'223'369'200'000}};
  for (const auto& r : rows) {
    CAPTURE(r.text);
    auto parsed = parse_duration(r.text);
    REQUIRE(parsed.has_value());
    CHECK(*parsed == r.ms);
  }
}

TEST_CASE("what is no duration is refused with a reason") {
  struct row {
    std::string text;
    std::string reason;
  };
  const std::vector<row> rows{{"", "number is missing"},
                              {"-", "number is missing"},
                              {".s", "number is missing"},
                              {"s", "number is missing"},
                              {"1s ", "number is missing"},
                              {" 1s", "number is missing"},
                              {"--1s", "number is missing"},
                              {"6", "unit"},
                              {"6d", "unit"},
                              {"1 s", "unit"},
                              {"1S", "unit"},
                              {"1e3s", "unit"},
                              {"1.2.3s", "unit"},
                              {"1s5", "unit"},
                              {"1us", "finer than a millisecond"},
                              {"1.5ms", "finer than a millisecond"},
                              {"0.5ns", "finer than a millisecond"},
                              {"0.00000000000001h", "finer than a millisecond"},
                              {"2562048h", "292 years"},
                              {"2562047h2562047h", "292 years"},
                              {"99999999999999999999999999h", "292 years"}};
  for (const auto& r : rows) {
    CAPTURE(r.text);
    auto parsed = parse_duration(r.text);
    REQUIRE_FALSE(parsed.has_value());
    CHECK(parsed.error().code == ib::error_code::invalid_argument);
    CHECK_THAT(parsed.error().message, Catch::Contains(r.reason));
  }
}

TEST_CASE("durations are printed as Go prints them") {
  struct row {
    int64_t ms;
    std::string text;
  };
  const std::vector<row> rows{
      {0, "0s"},        {1, "1ms"},       {999, "999ms"},      {1000, "1s"},          {1500, "1.5s"},
      {1004, "1.004s"}, {60'000, "1m0s"}, {61'010, "1m1.01s"}, {3'600'000, "1h0m0s"}, {21'600'000, "6h0m0s"},
      {-1000, "-1s"},   {-1, "-1ms"}};
  for (const auto& r : rows)
    CHECK(format_duration(r.ms) == r.text);
}

TEST_CASE("a printed duration is read back as the same duration") {
  for (int64_t ms = 1; ms < 9'000'000'000'000; ms = ms * 3 + 7) {
    CAPTURE(ms);
    auto back = parse_duration(format_duration(-ms));
    REQUIRE(back.has_value());
    REQUIRE(*back == -ms);
  }
}
