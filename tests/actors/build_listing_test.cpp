#include "actors/build_listing.hpp"

#include <catch2/catch.hpp>

using namespace ib;

namespace {

status_update step(build_state state, int attempt, int64_t at_ms, const std::string& message) {
  status_update update;
  update.state = state;
  update.attempt = attempt;
  update.at_ms = at_ms;
  update.message = message;
  update.is_step = true;
  return update;
}

status_update end(bool success, int attempt, int64_t at_ms, const std::string& message) {
  auto update = step(success ? build_state::succeeded : build_state::failed, attempt, at_ms, message);
  update.status = success ? build_status::success : build_status::failure;
  return update;
}

build_identity identity() {
  build_identity who;
  who.build_id = "b1";
  who.workspace_ref = "r/ws:1";
  who.base_ref = "r/base:1";
  who.triggered_by = "somebody";
  who.source_words = "https://example.com/repo.git, Dockerfile";
  who.created_ms = 100;
  return who;
}

} // namespace

TEST_CASE("a build that was just accepted is queued", "[listing]") {
  build_channel channel(identity(), 0, 40);
  auto build = view_of(channel);
  CHECK(build.build_id == "b1");
  CHECK(build.workspace_ref == "r/ws:1");
  CHECK(build.base_ref == "r/base:1");
  CHECK(build.triggered_by == "somebody");
  CHECK(build.source == "https://example.com/repo.git, Dockerfile");
  CHECK(build.created_ms == 100);
  CHECK(build.state == build_state::queued);
  CHECK(build.started_ms == 0);
  CHECK(build.ended_ms == 0);
  CHECK(build.log_begin == 40);
  CHECK(build.log_end == 40);
  CHECK(build.steps.empty());
  CHECK(build.latest == nullptr);
}

TEST_CASE("a running build is described by its steps and by what it said since", "[listing]") {
  build_channel channel(identity(), 0);
  channel.publish(step(build_state::preparing, 1, 200, "starting"));
  channel.publish(step(build_state::building, 1, 300, "building"));
  auto notice = step(build_state::building, 1, 400, "still building");
  notice.is_step = false;
  channel.publish(notice);
  channel.log().append("12345");
  auto build = view_of(channel);
  CHECK(build.state == build_state::building);
  CHECK(build.attempt == 1);
  CHECK(build.started_ms == 200);
  CHECK(build.ended_ms == 0);
  CHECK(build.log_end == 5);
  CHECK(build.steps.size() == 2);
  REQUIRE(build.latest != nullptr);
  CHECK(build.latest->message == "still building");
}

TEST_CASE("a failed build is described with its end", "[listing]") {
  build_channel channel(identity(), 0);
  channel.publish(step(build_state::preparing, 1, 200, "starting"));
  auto last = end(false, 1, 300, "build failed: no");
  last.failure = build_failure{fault_class::user, {3, "RUN false", {"no"}}};
  channel.publish(last);
  auto build = view_of(channel);
  CHECK(build.state == build_state::failed);
  CHECK(build.end_message == "build failed: no");
  REQUIRE(build.failure != nullptr);
  CHECK(*build.failure == *last.failure);
  CHECK(build.ended_ms == 300);
}

TEST_CASE("the runs of a build follow from its steps", "[listing]") {
  CHECK(attempts_of({}).empty());
  const auto cancelled = end(false, 0, 150, "build cancelled: enough");
  CHECK(attempts_of({&cancelled}).empty());
  build_description build;
  build.steps = {
      step(build_state::preparing, 1, 200, "starting"), step(build_state::building, 1, 300, "building"),
      step(build_state::preparing, 2, 400, "503; trying once more"),
      step(build_state::stopping, 2, 500, "stopping: enough"), end(false, 2, 600, "build cancelled: enough")};
  auto runs = attempts_of(view_of(build).steps);
  REQUIRE(runs.size() == 2);
  CHECK(runs[0].number == 1);
  CHECK(runs[0].began_ms == 200);
  CHECK(runs[0].ended_ms == 400);
  CHECK(runs[0].end_message == "503; trying once more");
  CHECK(runs[1].number == 2);
  CHECK(runs[1].began_ms == 400);
  CHECK(runs[1].ended_ms == 600);
  CHECK(runs[1].end_message == "build cancelled: enough");
  auto running = attempts_of({&build.steps[0]});
  REQUIRE(running.size() == 1);
  CHECK(running[0].ended_ms == 0);
}
