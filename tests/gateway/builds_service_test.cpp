#include "tests/gateway/builds_fixture.hpp"

using namespace ib;
using namespace ib::test;

namespace {

std::vector<std::string> ids(const v1::ListBuildsResponse& page) {
  std::vector<std::string> all;
  for (const auto& build : page.builds())
    all.push_back(build.build_id());
  return all;
}

} // namespace

TEST_CASE("a build that runs is told from what it shows, one that ended from the journal", "[builds]") {
  builds_house house;
  auto record = house.add("b1");
  house.show({record});
  house.advance(record, step(build_state::preparing, 1, 2000, "starting"));
  status_update notice{build_status::running, "still preparing"};
  notice.state = build_state::preparing;
  notice.attempt = 1;
  record.channel->publish(notice);
  v1::Build build;
  REQUIRE(house.get("b1", build).ok());
  CHECK(build.state() == v1::Build::PREPARING);
  CHECK(build.message() == "still preparing");
  CHECK(build.steps_size() == 1);
  CHECK(build.attempts_size() == 1);

  auto last = step(build_state::failed, 1, 3500, "build failed: no");
  last.failure = build_failure{fault_class::user, {3, "RUN false", {"no"}}};
  house.advance(record, last);
  v1::Build shown, kept;
  REQUIRE(house.get("b1", shown).ok());
  house.show({});
  REQUIRE(house.get("b1", kept).ok());
  CHECK(kept.SerializeAsString() == shown.SerializeAsString());
  CHECK(kept.state() == v1::Build::FAILED);
  CHECK(kept.failure().fault() == v1::Failure::USER);
  CHECK(kept.failure().dockerfile_line() == 3);
}

TEST_CASE("whoever has read a log to its end finds that the build has ended", "[builds]") {
  builds_house house;
  auto record = house.add("b1");
  house.show({record});
  house.advance(record, step(build_state::verifying, 1, 2000, "looking for the image"));
  house.keep_step(record, step(build_state::succeeded, 1, 3000, ""));
  REQUIRE(record.channel->log().closed());
  REQUIRE_FALSE(record.channel->ended());
  v1::Build build;
  REQUIRE(house.get("b1", build).ok());
  CHECK(build.state() == v1::Build::SUCCEEDED);
}

TEST_CASE("a list tells what the builds under way said last, which no journal has", "[builds]") {
  builds_house house;
  auto one = house.add("b1", "r/ws:1");
  auto two = house.add("b2", "r/ws:2");
  house.show({one, two});
  house.advance(one, step(build_state::preparing, 1, 2000, "cloning"));
  status_update place{build_status::running, "queued, 3 builds ahead"};
  place.place = queue_place{3, 61'500};
  two.channel->publish(place);
  v1::ListBuildsResponse page;
  REQUIRE(house.list({}, page).ok());
  REQUIRE(ids(page) == std::vector<std::string>{"b2", "b1"});
  CHECK(page.builds(0).queue_place().builds_ahead() == 3);
  CHECK(page.builds(0).queue_place().estimated_wait().seconds() == 61);
  CHECK(page.builds(0).queue_place().estimated_wait().nanos() == 500'000'000);
  CHECK(page.builds(1).message() == "cloning");
  CHECK(page.next_page_token().empty());
}

TEST_CASE("pages follow each other while new builds come", "[builds]") {
  builds_house house;
  for (int i = 1; i <= 5; ++i)
    house.add("b" + std::to_string(i), "r/ws:" + std::to_string(i));
  v1::ListBuildsRequest request;
  request.set_page_size(2);
  v1::ListBuildsResponse page;
  REQUIRE(house.list(request, page).ok());
  CHECK(ids(page) == std::vector<std::string>{"b5", "b4"});
  house.add("b6", "r/ws:6");
  request.set_page_token(page.next_page_token());
  REQUIRE(house.list(request, page).ok());
  CHECK(ids(page) == std::vector<std::string>{"b3", "b2"});
  request.set_page_token(page.next_page_token());
  REQUIRE(house.list(request, page).ok());
  CHECK(ids(page) == std::vector<std::string>{"b1"});
  CHECK(page.next_page_token().empty());
}

TEST_CASE("a build that is cancelled is told as it stands then", "[builds]") {
  builds_house house;
  auto record = house.add("b1");
  house.show({record});
  std::vector<std::string> wishes;
  house.on_cancel = [&](const cancel_build& wish) {
    wishes.push_back(wish.build_id + " " + wish.reason);
    return result<void>();
  };
  v1::Build build;
  REQUIRE(house.cancel("b1", "enough", build).ok());
  CHECK(build.state() == v1::Build::QUEUED);
  REQUIRE(house.cancel("b1", "", build).ok());
  CHECK(wishes == std::vector<std::string>{"b1 enough", "b1 no reason given"});
}

TEST_CASE("why a build cannot be cancelled is told apart", "[builds]") {
  builds_house house;
  auto ended = house.add("ended");
  house.advance(ended, step(build_state::succeeded, 1, 2000, ""));
  house.add("away");
  house.on_cancel = [](const cancel_build& wish) -> result<void> {
    if (wish.build_id == "restarting") return error{error_code::unavailable, "build is restarting", "", {}};
    if (wish.build_id == "ended") return error{error_code::failed_precondition, "it has ended", "", {}};
    return error{error_code::not_found, "no build under way", "", {}};
  };
  v1::Build build;
  for (const auto& [id, code, words] :
       {std::tuple("ended", grpc::StatusCode::FAILED_PRECONDITION, "build ended has ended: it succeeded"),
        std::tuple("unknown", grpc::StatusCode::NOT_FOUND, "no build unknown is known"),
        std::tuple("restarting", grpc::StatusCode::UNAVAILABLE, "build is restarting"),
        std::tuple("away", grpc::StatusCode::UNAVAILABLE,
                   "build away cannot be cancelled at this moment; try again")}) {
    auto status = house.cancel(id, "", build);
    CHECK(status.error_code() == code);
    CHECK(status.error_message() == words);
  }
}

TEST_CASE("a part of the house that is away makes calls unavailable", "[builds]") {
  builds_house house;
  v1::Build build;
  v1::ListBuildsResponse page;
  house.remove(names::director);
  CHECK(house.cancel("b1", "", build).error_code() == grpc::StatusCode::UNAVAILABLE);
  house.remove(names::journal);
  CHECK(house.get("b1", build).error_code() == grpc::StatusCode::UNAVAILABLE);
  CHECK(house.list({}, page).error_code() == grpc::StatusCode::UNAVAILABLE);
  house.remove(names::gateway);
  CHECK(house.get("b1", build).error_code() == grpc::StatusCode::UNAVAILABLE);
}

TEST_CASE("a stopping service takes no calls, but tells of builds that still run", "[builds]") {
  builds_house house;
  auto record = house.add("b1");
  house.show({record});
  house.drain();
  v1::Build build;
  CHECK(house.get("b1", build).ok());
  CHECK(house.get("b2", build).error_code() == grpc::StatusCode::UNAVAILABLE);
  CHECK(house.cancel("b1", "", build).error_code() == grpc::StatusCode::UNAVAILABLE);
}
