#include "gateway/build_resources.hpp"
#include "gateway/builds_requests.hpp"
#include "gateway/page_token.hpp"

#include <catch2/catch.hpp>

#include <functional>

using namespace ib;
namespace v1 = imagebuilder::v1;

namespace {

struct bad_list {
  const char* field;
  const char* words;
  std::function<void(v1::ListBuildsRequest&)> spoil;
};

} // namespace

TEST_CASE("a list request becomes a filter", "[builds]") {
  v1::ListBuildsRequest request;
  auto plain = translate(request);
  REQUIRE(plain);
  CHECK(plain->states.empty());
  CHECK(plain->reference.empty());
  CHECK_FALSE(plain->created_from_ms);
  CHECK_FALSE(plain->created_before_ms);
  CHECK_FALSE(plain->after);
  CHECK(plain->limit == 50);
  request.add_states(v1::Build::FAILED);
  request.add_states(v1::Build::QUEUED);
  request.add_states(v1::Build::FAILED);
  request.set_reference("registry.example/ws:1");
  request.set_triggered_by("somebody");
  request.mutable_create_time_from()->set_seconds(1);
  request.mutable_create_time_from()->set_nanos(1);
  request.mutable_create_time_before()->set_seconds(-1);
  request.mutable_create_time_before()->set_nanos(999'000'001);
  request.set_page_size(1001);
  auto filter = translate(request);
  REQUIRE(filter);
  CHECK(filter->states == std::vector<build_state>{build_state::failed, build_state::queued});
  CHECK(filter->reference == "registry.example/ws:1");
  CHECK(filter->triggered_by == "somebody");
  // Builds have whole milliseconds: the first at or after the time.
  CHECK(filter->created_from_ms == 1001);
  CHECK(filter->created_before_ms == 0);
  CHECK(filter->limit == 1000);
}

TEST_CASE("what is wrong with a list request is named", "[builds]") {
  const std::vector<bad_list> table{
      {"states[1]", "STATE_UNSPECIFIED",
       [](auto& r) {
         r.add_states(v1::Build::QUEUED);
         r.add_states(v1::Build::STATE_UNSPECIFIED);
       }},
      {"states[0]", "unknown value 99", [](auto& r) { r.add_states(static_cast<v1::Build::State>(99)); }},
      {"reference", "longer than 4096", [](auto& r) { r.set_reference(std::string(4097, 'x')); }},
      {"reference", "", [](auto& r) { r.set_reference("Upper/Case:1"); }},
      {"triggered_by", "longer than 4096", [](auto& r) { r.set_triggered_by(std::string(4097, 'x')); }},
      {"create_time_from", "point in time",
       [](auto& r) { r.mutable_create_time_from()->set_seconds(253'402'300'800); }},
      {"create_time_from", "point in time",
       [](auto& r) { r.mutable_create_time_from()->set_seconds(-62'135'596'801); }},
      {"create_time_before", "point in time",
       [](auto& r) { r.mutable_create_time_before()->set_nanos(1'000'000'000); }},
      {"create_time_before", "point in time", [](auto& r) { r.mutable_create_time_before()->set_nanos(-1); }},
      {"page_size", "negative", [](auto& r) { r.set_page_size(-1); }},
      {"page_token", "not one", [](auto& r) { r.set_page_token("bm90IG9uZQ=="); }},
  };
  for (const auto& [field, words, spoil] : table) {
    CAPTURE(field, words);
    v1::ListBuildsRequest request;
    spoil(request);
    auto refused = translate(request);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == error_code::invalid_argument);
    CHECK(refused.error().field == field);
    CHECK(refused.error().message.find(words) != std::string::npos);
  }
}

TEST_CASE("a page token leads to its place, with the filter it was made for alone", "[builds]") {
  build_filter filter;
  filter.states = {build_state::failed, build_state::queued};
  filter.triggered_by = "somebody";
  auto token = make_page_token({1'700'000'000'123, "b1"}, filter);
  auto reordered = filter;
  reordered.states = {build_state::queued, build_state::failed};
  reordered.limit = 7;
  auto place = read_page_token(token, reordered);
  REQUIRE(place);
  CHECK(place->created_ms == 1'700'000'000'123);
  CHECK(place->build_id == "b1");

  auto other = filter;
  other.states = {build_state::failed};
  CHECK_FALSE(read_page_token(token, other));
  other = filter;
  other.reference = "r/ws:1";
  CHECK_FALSE(read_page_token(token, other));
  other = filter;
  other.created_from_ms = 0;
  CHECK_FALSE(read_page_token(token, other));
  // What moved from one condition to the next is another filter, too.
  other = filter;
  other.triggered_by.clear();
  other.reference = "somebody";
  CHECK_FALSE(read_page_token(token, other));
}

TEST_CASE("a page token that was changed is refused", "[builds]") {
  build_filter filter;
  auto token = make_page_token({1'700'000'000'123, "0b7e6f3c-5d0e-4b8e-9a61-1f0c7d1c2a3b"}, filter);
  for (size_t i = 0; i < token.size(); ++i) {
    auto changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    if (auto place = read_page_token(changed, filter)) FAIL("taken: " + changed);
    CHECK_FALSE(read_page_token(token.substr(0, i), filter));
  }
  CHECK_FALSE(read_page_token(token + token, filter));
  CHECK_FALSE(read_page_token(std::string(100'000, 'A'), filter));
}

TEST_CASE("each state has its name on the wire, both ways", "[builds]") {
  for (int i = v1::Build::State_MIN; i <= v1::Build::State_MAX; ++i) {
    auto state = to_state(i);
    if (i == v1::Build::STATE_UNSPECIFIED) {
      CHECK_FALSE(state);
      continue;
    }
    REQUIRE(state);
    CHECK(to_wire(*state) == i);
    std::string name;
    for (char c : v1::Build::State_Name(static_cast<v1::Build::State>(i)))
      name += static_cast<char>(std::tolower(c));
    CHECK(name == to_string(*state));
  }
}

TEST_CASE("requests for one build want its id", "[builds]") {
  v1::GetBuildRequest get;
  CHECK(translate(get).error().field == "build_id");
  get.set_build_id(std::string(201, 'x'));
  CHECK(translate(get).error().field == "build_id");
  get.set_build_id("b1");
  CHECK(*translate(get) == "b1");
  v1::ReadLogRequest read;
  CHECK(translate(read).error().field == "build_id");
  read.set_build_id("b1");
  read.set_offset(-1);
  CHECK(translate(read).error().field == "offset");
  read.set_offset(7);
  read.set_follow(true);
  auto wish = translate(read);
  REQUIRE(wish);
  CHECK(wish->offset == 7);
  CHECK(wish->follow);
  CHECK_FALSE(wish->censored);
}

TEST_CASE("a reason is one line of bearable length", "[builds]") {
  v1::CancelBuildRequest request;
  CHECK(translate(request).error().field == "build_id");
  request.set_build_id("b1");
  for (const auto& good : {std::string("superseded by für b2 …"), std::string(1000, 'x')}) {
    request.set_reason(good);
    auto wish = translate(request);
    REQUIRE(wish);
    CHECK(wish->reason == good);
  }
  for (const char* nothing : {"", "   "}) {
    request.set_reason(nothing);
    CHECK(translate(request)->reason == "no reason given");
  }
  for (const auto& bad : {std::string(1001, 'x'), std::string("a\nb"), std::string("a\x1b[2J"),
                          std::string("a\x7f"), std::string("a\0b", 3),
                          std::string("a\xC2\x9B"
                                      "b")}) {
    request.set_reason(bad);
    auto refused = translate(request);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == error_code::invalid_argument);
    CHECK(refused.error().field == "reason");
  }
}
