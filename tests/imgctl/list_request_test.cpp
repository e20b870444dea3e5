#include "tools/imgctl/list_request.hpp"
#include "tools/imgctl/moments.hpp"

#include <catch2/catch.hpp>

using namespace ib::imgctl;
using imagebuilder::v1::Build;

namespace {

constexpr int64_t now = 1'700'000'000;

} // namespace

TEST_CASE("a moment is a time or an age") {
  CHECK(parse_moment("--since", "2023-11-14T22:13:20Z", 0)->seconds() == now);
  CHECK(parse_moment("--since", "30s", now)->seconds() == now - 30);
  CHECK(parse_moment("--since", "90m", now)->seconds() == now - 5400);
  CHECK(parse_moment("--since", "2h", now)->seconds() == now - 7200);
  CHECK(parse_moment("--since", "3d", now)->seconds() == now - 259'200);
  for (const char* bad :
       {"", "2", "h", "-2h", "2w", "2h ", "yesterday", "2023-11-14", "100001d", "99999999999999999999h"}) {
    CAPTURE(bad);
    const auto refused = parse_moment("--since", bad, now);
    REQUIRE_FALSE(refused);
    CHECK(refused.why().code == exit_code::usage);
    CHECK(refused.why().message.starts_with("--since: "));
  }
}

TEST_CASE("a moment is told to the second") {
  google::protobuf::Timestamp time;
  CHECK(format_moment(time) == "-");
  time.set_seconds(now);
  time.set_nanos(5);
  CHECK(format_moment(time) == "2023-11-14 22:13:20 UTC");
}

TEST_CASE("the filters of a list become a request") {
  list_options options;
  options.states = {"failed", "Queued"};
  options.reference = "r/ws:1";
  options.triggered_by = "ann";
  options.since = "1h";
  options.until = "30m";
  options.page_token = "token";
  const auto request = make_list_request(options, now);
  REQUIRE(request);
  REQUIRE(request->states_size() == 2);
  CHECK(request->states(0) == Build::FAILED);
  CHECK(request->states(1) == Build::QUEUED);
  CHECK(request->reference() == "r/ws:1");
  CHECK(request->triggered_by() == "ann");
  CHECK(request->create_time_from().seconds() == now - 3600);
  CHECK(request->create_time_before().seconds() == now - 1800);
  CHECK(request->page_token() == "token");
}

TEST_CASE("a wrong filter is refused with its flag") {
  list_options options;
  options.states = {"done"};
  CHECK(make_list_request(options, now).why().message.find("--state") == 0);
  options.states = {"state_unspecified"};
  CHECK_FALSE(make_list_request(options, now));
  options.states.clear();
  options.until = "soon";
  CHECK(make_list_request(options, now).why().message.find("--until") == 0);
}
