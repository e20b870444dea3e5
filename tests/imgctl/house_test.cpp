#include "tools/imgctl/watch/events.hpp"
#include "tools/imgctl/watch/house.hpp"

#include <catch2/catch.hpp>

#include <cmath>

using namespace ib::imgctl;
using std::chrono::milliseconds;

namespace {

const std::string state_text =
    R"({"version":"1.2.3","now_ms":5000,"ready":false,"reasons":{"journal":"full"},)"
    R"("process":{"pid":7,"rss_bytes":1024,"threads":3,"descriptors":9,"started_ms":1000},)"
    R"("builds":{"running":1,"queued":2,"ended":3},"storage":{"trouble":"","commits":4,"slowest_commit_us":50}})";

void beat(house& to, const std::string& actors, milliseconds passed = milliseconds(2000)) {
  REQUIRE(apply(to, "state", state_text, passed));
  if (!actors.empty()) REQUIRE(apply(to, "actors", actors, passed));
}

} // namespace

TEST_CASE("events are cut out of a stream wherever it is cut", "[watch]") {
  const std::string text =
      "event: a\ndata: {\"x\":1}\n\nevent:b\ndata:2\ndata: 3\n\n: a comment\n\nevent: c\n";
  for (size_t piece = 1; piece < text.size(); ++piece) {
    event_splitter splitter;
    std::vector<server_event> all;
    for (size_t at = 0; at < text.size(); at += piece)
      for (auto& event : splitter.feed(std::string_view(text).substr(at, piece)))
        all.push_back(std::move(event));
    REQUIRE(all.size() == 2);
    CHECK(all[0].name == "a");
    CHECK(all[0].data == "{\"x\":1}");
    CHECK(all[1].name == "b");
    CHECK(all[1].data == "2\n3");
  }
}

TEST_CASE("the state of a service is taken in", "[watch]") {
  house now;
  CHECK_FALSE(now.known);
  beat(now, "");
  CHECK(now.known);
  CHECK(now.version == "1.2.3");
  CHECK_FALSE(now.ready);
  CHECK(now.reasons == std::vector<std::pair<std::string, std::string>>{{"journal", "full"}});
  CHECK(now.process.memory == 1024);
  CHECK(now.queued == 2);
  CHECK(now.storage.slowest_us == 50);
}

TEST_CASE("rows of a table come, change and go", "[watch]") {
  house now;
  REQUIRE(apply(
      now, "builds",
      R"({"whole":true,"rows":[{"id":"b1","state":"queued","ahead":1,"wait_ms":7000},{"id":"b2"}],"gone":[]})",
      {}));
  CHECK(now.builds.at("b1").ahead == 1U);
  CHECK(now.builds.at("b1").wait_ms == 7000);
  CHECK_FALSE(now.builds.at("b2").ahead);
  REQUIRE(
      apply(now, "builds", R"({"whole":false,"rows":[{"id":"b1","state":"building"}],"gone":["b2"]})", {}));
  CHECK(now.builds.size() == 1);
  CHECK(now.builds.at("b1").state == "building");
  CHECK_FALSE(now.builds.at("b1").ahead);
  REQUIRE(apply(now, "builds", R"({"whole":true,"rows":[],"gone":[]})", {}));
  CHECK(now.builds.empty());
}

TEST_CASE("an actor's rate is what it handled since the last beat, and none where it was not told of",
          "[watch]") {
  house now;
  beat(
      now,
      R"({"whole":true,"rows":[{"id":"a","path":"a","handled":100,"per_s":5},{"id":"b","path":"b"}],"gone":[]})");
  CHECK(now.rate(now.actors.at("a")) == 5);
  beat(now, R"({"whole":false,"rows":[{"id":"a","path":"a","handled":140,"per_s":5}],"gone":[]})");
  CHECK(now.rate(now.actors.at("a")) == 20);
  beat(now, "");
  CHECK(now.rate(now.actors.at("a")) == 0);
  beat(now, R"({"whole":false,"rows":[{"id":"a","path":"a","handled":3,"per_s":2}],"gone":[]})");
  CHECK(now.rate(now.actors.at("a")) == 2); // started anew: it counts from 0
}

TEST_CASE("series, registries and kept digests are taken in", "[watch]") {
  house now;
  REQUIRE(apply(now, "series", R"({"times_ms":[1,2],"values":{"messages/s":[null,2.5]}})", {}));
  REQUIRE(now.series.size() == 1);
  CHECK(std::isnan(now.series[0].second[0]));
  CHECK(now.series[0].second[1] == 2.5);
  REQUIRE(apply(
      now, "registries",
      R"({"ahead_of_time":[{"ref":"a"}],"registries":{"columns":["registry","asked"],"rows":[["r.test",3.0],["x"]]},"limited":[{"registry":"hub","for_s":9,"times":2}]})",
      {}));
  CHECK(now.ahead_of_time == 1);
  REQUIRE(now.limited.size() == 1);
  CHECK(now.limited[0].for_s == 9);
  CHECK(now.registries[0].cells == std::vector<std::string>{"r.test", "3"});
  CHECK(now.registries[1].cells.size() == 2);
  REQUIRE(apply_answer(
      now, "cache",
      R"({"kept":9,"rows":[{"ref":"r/a:1","digest":"sha256:aa","age_ms":5,"expires_in_ms":null}]})"));
  CHECK(now.cached_in_all == 9);
  CHECK_FALSE(now.cached[0].expires_in_ms);
}

TEST_CASE("what is no such endpoint's answer is refused", "[watch]") {
  house now;
  for (const char* wrong :
       {"", "nothing", "[]", "{}", R"({"reasons":[]})", R"({"rows":[{"path":"no id"}]})"}) {
    CHECK_FALSE(apply(now, "state", wrong, {}));
    CHECK_FALSE(apply(now, "actors", wrong, {}));
    CHECK_FALSE(apply(now, "registries", wrong, {}));
    CHECK_FALSE(apply_answer(now, "running", wrong));
    CHECK_FALSE(apply_answer(now, "cache", wrong));
  }
  // Events of a newer service are passed over.
  CHECK(apply(now, "novelty", "{}", {}));
}
