#include "gateway/debug/event_stream.hpp"
#include "gateway/debug/plain_log.hpp"
#include "gateway/ticker.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <atomic>
#include <cmath>
#include <future>
#include <optional>

using namespace ib;
using nlohmann::json;

namespace {

/// Sources with something in each.
struct a_house {
  a_house() {
    auto identity = build_identity{};
    identity.build_id = "b1";
    identity.workspace_ref = "registry.test/images:1";
    identity.triggered_by = "some\"body";
    identity.owner_token = "s3cret-token";
    channel = std::make_shared<build_channel>(identity, 0);
    running_builds now;
    now.add(channel);
    builds->publish(std::move(now));
    from = {builds,
            std::make_shared<storage_board>(),
            std::make_shared<ref_board>(),
            limits,
            health,
            actors,
            std::make_shared<metrics>(metrics_settings{"1.2.3", {"registry.test"}}),
            [] { return std::string(R"({"a":1})"); },
            "1.2.3",
            5};
  }
  std::shared_ptr<io::actor_probe> enter(const std::string& path) {
    return actors->enter(path, "kind", [](const std::string&) {});
  }

  std::shared_ptr<running_builds_board> builds = std::make_shared<running_builds_board>();
  std::shared_ptr<io::limit_board> limits = std::make_shared<io::limit_board>();
  std::shared_ptr<service_health> health = std::make_shared<service_health>();
  std::shared_ptr<io::actor_board> actors = std::make_shared<io::actor_board>();
  channel_ptr channel;
  debug_sources from;
};

struct counting_waker final : http::waker {
  void wake() override { ++count; }
  std::atomic<int> count{0};
};

using events = std::vector<std::pair<std::string, json>>;

/// All that a stream has to say until it has nothing more.
events said(event_stream& stream) {
  std::string text;
  std::string piece;
  while (stream.next(piece) == http::pulled::piece) {
    CHECK(piece.size() <= 65536);
    text += piece;
  }
  events all;
  for (size_t at = 0; at < text.size();) {
    auto end = text.find("\n\n", at);
    auto block = text.substr(at, end - at);
    auto cut = block.find("\ndata: ");
    REQUIRE(block.starts_with("event: "));
    all.emplace_back(block.substr(7, cut - 7), json::parse(block.substr(cut + 7)));
    at = end + 2;
  }
  return all;
}

std::vector<std::string> names(const events& all) {
  std::vector<std::string> out;
  for (const auto& [name, data] : all)
    out.push_back(name);
  return out;
}

using words = std::vector<std::string>;

} // namespace

TEST_CASE("a time series keeps the last points of each value", "[debug]") {
  time_series series(3);
  CHECK(series.last() == 0);
  series.add(10, {{"a", 1}});
  series.add(20, {{"a", 2}, {"b", 5}});
  series.add(30, {{"b", 6}});
  auto now = series.read();
  CHECK(now.times_ms == std::vector<int64_t>{10, 20, 30});
  CHECK(now.values.at("a")[1] == 2);
  CHECK(std::isnan(now.values.at("a")[2]));
  CHECK(std::isnan(now.values.at("b")[0]));
  CHECK(json::parse(series_json(now))["values"]["b"] == json{nullptr, 5.0, 6.0});
  series.add(40, {{"a", 4}});
  CHECK(series.read().times_ms == std::vector<int64_t>{20, 30, 40});
  CHECK(series.last() == 4);
}

TEST_CASE("a rate is the growth in a second", "[debug]") {
  rate_of rate;
  CHECK(rate.per_second(100, 1000) == 0);
  CHECK(rate.per_second(150, 3000) == 25);
  CHECK(rate.per_second(10, 4000) == 0);
  CHECK(rate.per_second(11, 4000) == 0);
}

TEST_CASE("the overview says whether the service is ready and why not", "[debug]") {
  a_house house;
  house.health->not_ready("journal", "it is \xff broken");
  auto state = json::parse(state_json(house.from));
  CHECK(state["version"] == "1.2.3");
  CHECK(state["ready"] == false);
  CHECK(state["reasons"]["journal"] == "it is \ufffd broken");
  CHECK(state["builds"] == json{{"running", 0}, {"queued", 1}, {"ended", 0}});
  CHECK(state["process"]["rss_bytes"].get<uint64_t>() > 1'000'000);
}

TEST_CASE("no row of a build has its owner token", "[debug]") {
  a_house house;
  auto text = rows_json(build_rows(house.from));
  CHECK(json::parse(text)["rows"][0]["triggered_by"] == "some\"body");
  CHECK(text.find("s3cret") == std::string::npos);
}

TEST_CASE("actors of one path have rows of their own", "[debug]") {
  a_house house;
  auto first = house.enter("house/a");
  auto second = house.enter("house/a");
  auto other = house.enter("house/ab");
  auto rows = actor_rows(house.from);
  REQUIRE(rows.size() == 3);
  CHECK(rows[0].id == "house/a");
  CHECK(rows[1].id == "house/a#1");
  CHECK(rows[2].id == "house/ab");
}

TEST_CASE("a listener is told everything first and then what has changed", "[debug]") {
  a_house house;
  auto root = house.enter("house");
  auto worker = house.enter("house/worker");
  auto feed = std::make_shared<debug_feed>(house.from, 10);
  feed->beat(true);
  event_stream stream(feed);
  auto first = said(stream);
  REQUIRE(names(first) == words{"state", "builds", "actors", "series", "registries"});
  CHECK(first[1].second["whole"] == true);
  CHECK(first[1].second["rows"].size() == 1);
  CHECK(first[2].second["rows"].size() == 2);
  CHECK(first[3].second["times_ms"].size() == 1);
  CHECK(said(stream).empty());

  auto waker = std::make_shared<counting_waker>();
  REQUIRE(stream.park(waker));
  feed->beat(false);
  CHECK(waker->count == 1);
  CHECK(names(said(stream)) == words{"state"});

  house.channel->publish({build_status::running, "building", build_state::building, 1, 7, true});
  house.actors->leave(worker, "killed");
  feed->beat(false);
  auto changed = said(stream);
  REQUIRE(names(changed) == words{"state", "builds", "actors"});
  CHECK(changed[1].second["whole"] == false);
  CHECK(changed[1].second["rows"][0]["state"] == "building");
  REQUIRE(changed[2].second["rows"].size() == 1);
  CHECK(changed[2].second["rows"][0]["alive"] == false);
  CHECK(changed[2].second["rows"][0]["last_error"] == "killed");

  auto again = house.enter("house/worker");
  house.builds->publish({});
  feed->beat(true);
  changed = said(stream);
  REQUIRE(names(changed) == words{"state", "builds", "actors", "series"});
  CHECK(changed[1].second["gone"] == json{"b1"});
  CHECK(changed[2].second["rows"][0]["alive"] == true);
  CHECK(changed[2].second["rows"][0]["restarts"] == 1);
}

TEST_CASE("a beat between a look and the parking is not slept through", "[debug]") {
  a_house house;
  auto feed = std::make_shared<debug_feed>(house.from, 10);
  event_stream stream(feed);
  said(stream);
  feed->beat(false);
  auto waker = std::make_shared<counting_waker>();
  CHECK_FALSE(stream.park(waker));
  CHECK(names(said(stream)) == words{"state"});
  CHECK(stream.park(waker));
}

TEST_CASE("five thousand actors and a thousand builds are told in pieces", "[debug]") {
  a_house house;
  std::vector<std::shared_ptr<io::actor_probe>> crowd;
  for (int i = 0; i < 5000; ++i)
    crowd.push_back(house.enter("house/builds/" + std::to_string(i)));
  auto feed = std::make_shared<debug_feed>(house.from, 10);
  event_stream stream(feed);
  CHECK(said(stream)[2].second["rows"].size() == 5000);
  feed->beat(false);
  CHECK(names(said(stream)) == words{"state"});
}

TEST_CASE("builds that wait say their place, and every build since when it is where it is", "[debug]") {
  a_house house;
  auto say = [&](build_state state, int attempt, int64_t at_ms, bool is_step) {
    house.channel->publish({build_status::running, "", state, attempt, at_ms, is_step});
  };
  running_builds now;
  now.add(house.channel);
  now.queue = {{"b0", 1000}, {"b1", 2500}};
  house.builds->publish(now);
  say(build_state::queued, 0, 5000, false);
  auto row = json::parse(rows_json(build_rows(house.from)))["rows"][0];
  CHECK(row["ahead"] == 1);
  CHECK(row["wait_ms"] == 2500);
  CHECK(row["since_ms"] == row["created_ms"]);
  now.queue.clear();
  house.builds->publish(now);
  say(build_state::building, 1, 6000, true);
  say(build_state::building, 1, 9000, false);
  row = json::parse(rows_json(build_rows(house.from)))["rows"][0];
  CHECK_FALSE(row.contains("ahead"));
  CHECK(row["since_ms"] == 6000);
  say(build_state::building, 2, 9500, true);
  CHECK(json::parse(rows_json(build_rows(house.from)))["rows"][0]["since_ms"] == 9500);
}

TEST_CASE("an actor's rate is what it handled between two samples", "[debug]") {
  a_house house;
  auto handle = [](io::actor_probe& who, int messages) {
    for (int i = 0; i < messages; ++i)
      who.begin_message(0);
  };
  auto rate = [&](size_t row) {
    return json::parse(rows_json(actor_rows(house.from)))["rows"][row]["per_s"].get<double>();
  };
  auto busy = house.enter("house/busy");
  auto idle = house.enter("house/idle");
  handle(*busy, 100);
  house.actors->measure_rates(1000);
  handle(*busy, 50);
  house.actors->measure_rates(6000);
  CHECK(rate(0) == 10);
  CHECK(rate(1) == 0);
  house.actors->leave(busy, "a crash");
  busy = house.enter("house/busy");
  handle(*busy, 3);
  CHECK(rate(0) == 0);
  house.actors->measure_rates(7000);
  CHECK(rate(0) == 3);
}

TEST_CASE("the digests that are kept are told with their age", "[debug]") {
  auto told = json::parse(
      cache_json({{{"r.test/a:1", "sha256:aa", 5000, 1000}, {"r.test/b@sha256:bb", "sha256:bb", 7, {}}}, 9}));
  CHECK(told["kept"] == 9);
  CHECK(told["rows"][0] ==
        json{{"ref", "r.test/a:1"}, {"digest", "sha256:aa"}, {"age_ms", 5000}, {"expires_in_ms", 1000}});
  CHECK(told["rows"][1]["expires_in_ms"].is_null());
}

TEST_CASE("the table of registries counts what was asked and what failed", "[debug]") {
  a_house house;
  auto table = json::parse(resolver_json(house.from))["registries"];
  REQUIRE(table["rows"].size() == 2);
  CHECK(table["rows"][1][0] == "registry.test");
  CHECK(table["rows"][1].size() == table["columns"].size());
}

TEST_CASE("registries that limit us are told with how long they are left alone", "[debug]") {
  a_house house;
  house.limits->note("r.test", 0);
  house.limits->note("s.test", 3'600'000);
  house.limits->note("s.test", 1000);
  auto told = json::parse(resolver_json(house.from))["limited"];
  REQUIRE(told.size() == 2);
  CHECK(told[0] == json{{"registry", "r.test"}, {"for_s", 0}, {"times", 1}});
  CHECK(told[1]["for_s"] > 3000);
  CHECK(told[1]["times"] == 2);
  io::limit_board few(2);
  for (auto [name, wait] : {std::pair{"a", 1000}, std::pair{"b", 9000}, std::pair{"c", 5000}})
    few.note(name, wait);
  REQUIRE(few.read().size() == 2);
  CHECK(few.read()[0].registry == "b");
}

TEST_CASE("a plain log is read from an offset to its end", "[debug]") {
  a_house house;
  house.channel->log().append("0123456789");
  plain_log log(house.channel, house.channel->pin_log(), 4);
  std::string piece;
  REQUIRE(log.next(piece) == http::pulled::piece);
  CHECK(piece == "456789");
  CHECK(log.next(piece) == http::pulled::nothing);
  auto waker = std::make_shared<counting_waker>();
  CHECK(log.park(waker));
  house.channel->log().append("more");
  house.channel->wake_all();
  CHECK(waker->count == 1);
  REQUIRE(log.next(piece) == http::pulled::piece);
  CHECK(piece == "more");
  house.channel->log().close();
  CHECK_FALSE(log.park(waker));
  CHECK(log.next(piece) == http::pulled::end);
}

TEST_CASE("a ticker calls until it ends, whatever is thrown", "[debug]") {
  std::promise<void> third;
  std::atomic<int> calls{0};
  ticker clock(std::chrono::milliseconds(1), "cannot", [&] {
    if (++calls == 3) third.set_value();
    throw std::runtime_error("a fault");
  });
  CHECK(third.get_future().wait_for(std::chrono::seconds(60)) == std::future_status::ready);
}
