#include "actors/domain/trace_context.hpp"

#include <catch2/catch.hpp>

using namespace ib;

namespace {

const std::string trace = "4bf92f3577b34da6a3ce929d0e0e4736";
const std::string span = "00f067aa0ba902b7";
const trace_context both{trace, span};

} // namespace

TEST_CASE("a traceparent is read as the standard has it") {
  CHECK(parse_traceparent("00-" + trace + "-" + span + "-01") == both);
  CHECK(parse_traceparent("00-" + trace + "-" + span + "-00") == both);
  // Versions to come may have more behind.
  CHECK(parse_traceparent("cc-" + trace + "-" + span + "-01") == both);
  CHECK(parse_traceparent("cc-" + trace + "-" + span + "-01-what-the-future-will-be") == both);
}

TEST_CASE("what is no traceparent gives no trace") {
  auto text = GENERATE_COPY(values<std::string>({
      "",
      "00",
      trace,
      "00-" + trace + "-" + span,
      "00-" + trace + "-" + span + "-01-more",
      "00-" + trace + "-" + span + "-01 ",
      "cc-" + trace + "-" + span + "-01.more",
      "ff-" + trace + "-" + span + "-01",
      "0x-" + trace + "-" + span + "-01",
      "00-" + trace + "-" + span + "-0g",
      "00_" + trace + "-" + span + "-01",
      "00-4BF92F3577B34DA6A3CE929D0E0E4736-" + span + "-01",
      "00-4bf92f3577b34da6a3ce929d0e0e473\n-" + span + "-01",
      "00-00000000000000000000000000000000-" + span + "-01",
      "00-" + trace + "-0000000000000000-01",
  }));
  CAPTURE(text);
  CHECK(parse_traceparent(text).empty());
}

TEST_CASE("Jaeger's header is read with and without leading zeros and percent signs") {
  CHECK(parse_uber_trace_id(trace + ":" + span + ":0:1") == both);
  CHECK(parse_uber_trace_id("4bf92f3577b34da6a3ce929d0e0e4736%3Af067aa0ba902b7%3a0%3A1") == both);
  CHECK(parse_uber_trace_id("ABCDEF0123456789:1:0:1") ==
        trace_context{"0000000000000000abcdef0123456789", "0000000000000001"});
}

TEST_CASE("what is no Jaeger header gives no trace") {
  auto text = GENERATE_COPY(values<std::string>({
      "",
      ":::",
      trace,
      trace + ":" + span,
      trace + ":" + span + ":0",
      trace + ":" + span + ":0:1:2",
      "0:" + span + ":0:1",
      trace + ":0:0:1",
      "1" + trace + ":" + span + ":0:1",
      trace + ":1" + span + ":0:1",
      "xyz:" + span + ":0:1",
      std::string(10'000, '1') + ":1:0:1",
      trace + ":\n1:0:1",
  }));
  CAPTURE(text);
  CHECK(parse_uber_trace_id(text).empty());
}
