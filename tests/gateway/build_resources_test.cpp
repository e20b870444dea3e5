#include "gateway/build_resources.hpp"

#include <catch2/catch.hpp>
#include <google/protobuf/util/json_util.h>

using namespace ib;
namespace v1 = imagebuilder::v1;

namespace {

build_description failed_build() {
  build_description build;
  auto& summary = build.summary;
  summary.build_id = "b1";
  summary.workspace_ref = "r/ws:1";
  summary.base_ref = "r/base:1";
  summary.triggered_by = "somebody";
  summary.source = "https://example.com/r\xFFpo.git, Dockerfile";
  summary.created_ms = 1'700'000'000'001;
  summary.started_ms = 1'700'000'001'000;
  summary.ended_ms = 1'700'000'003'000;
  summary.log_begin = 5;
  summary.log_end = 5'000'000'000;
  summary.machine.state = build_state::failed;
  summary.machine.attempt = 2;
  summary.machine.end_message = "w\xFFrst";
  summary.machine.failure = build_failure{fault_class::infrastructure, {7, "RUN \xFF", {"a", "\xFF"}}};
  status_update begin;
  begin.state = build_state::preparing;
  begin.attempt = 1;
  begin.at_ms = summary.started_ms;
  begin.message = "starting";
  begin.is_step = true;
  auto again = begin;
  again.attempt = 2;
  again.at_ms = 1'700'000'002'000;
  again.message = "503; trying once more";
  auto end = again;
  end.state = build_state::failed;
  end.status = build_status::failure;
  end.at_ms = summary.ended_ms;
  end.message = summary.machine.end_message;
  end.failure = summary.machine.failure;
  build.steps = {begin, again, end};
  build.latest = end;
  return build;
}

std::string as_json(const google::protobuf::Message& message) {
  std::string json;
  REQUIRE(google::protobuf::util::MessageToJsonString(message, &json).ok());
  return json;
}

template <class What>
v1::Build told_of(const What& what) {
  v1::Build told;
  to_wire(view_of(what), told);
  return told;
}

} // namespace

TEST_CASE("all that is known of a build is told, as UTF-8", "[builds]") {
  const std::string sign = "\xEF\xBF\xBD";
  const std::string failure = R"({"fault":"INFRASTRUCTURE","message":"w)" + sign +
                              R"(rst","dockerfileLine":7,"command":"RUN )" + sign +
                              R"(","lastLines":["a",")" + sign + R"("]})";
  CHECK(
      as_json(told_of(failed_build())) ==
      R"({"buildId":"b1","workspaceRef":"r/ws:1","baseRef":"r/base:1","state":"FAILED","message":"w)" + sign +
          R"(rst","triggeredBy":"somebody","source":"https://example.com/r)" + sign +
          R"(po.git, Dockerfile","createTime":"2023-11-14T22:13:20.001Z","startTime":"2023-11-14T22:13:21Z",)"
          R"("endTime":"2023-11-14T22:13:23Z","attemptCount":2,"attempts":[{"number":1,)"
          R"("startTime":"2023-11-14T22:13:21Z","endTime":"2023-11-14T22:13:22Z",)"
          R"("endMessage":"503; trying once more"},{"number":2,"startTime":"2023-11-14T22:13:22Z",)"
          R"("endTime":"2023-11-14T22:13:23Z","endMessage":"w)" +
          sign +
          R"(rst"}],"steps":[{"time":"2023-11-14T22:13:21Z","state":"PREPARING","attempt":1,)"
          R"("message":"starting"},{"time":"2023-11-14T22:13:22Z","state":"PREPARING","attempt":2,)"
          R"("message":"503; trying once more"},{"time":"2023-11-14T22:13:23Z","state":"FAILED","attempt":2,)"
          R"("message":"w)" +
          sign + R"(rst","failure":)" + failure + R"(}],"failure":)" + failure +
          R"(,"log":{"beginOffset":"5","endOffset":"5000000000"}})");
}

TEST_CASE("a cancelled build failed by nobody's fault", "[builds]") {
  build_summary summary;
  summary.machine.state = build_state::failed;
  summary.machine.end_message = "build cancelled: enough";
  auto build = told_of(summary);
  CHECK(build.failure().fault() == v1::Failure::FAULT_UNSPECIFIED);
  CHECK(build.failure().message() == "build cancelled: enough");
  CHECK(build.message() == "build cancelled: enough");
  CHECK_FALSE(build.has_start_time());
  CHECK_FALSE(build.has_end_time());
}

TEST_CASE("the attempt that succeeded did not end for a reason", "[builds]") {
  auto build = failed_build();
  build.summary.machine = {build_state::succeeded, 2, ""};
  build.steps.back().state = build_state::succeeded;
  build.steps.back().status = build_status::success;
  build.steps.back().message = "done";
  build.latest = build.steps.back();
  auto told = told_of(build);
  CHECK(told.attempts(0).end_message() == "503; trying once more");
  CHECK(told.attempts(1).end_message().empty());
  CHECK_FALSE(told.has_failure());
  CHECK_FALSE(told.steps(2).has_failure());
  CHECK(told.message().empty());
}

TEST_CASE("a queued build tells its place, and no other state does", "[builds]") {
  build_description build;
  status_update place{build_status::running, "queued, next in line"};
  place.place = queue_place{0, {}};
  build.latest = place;
  auto told = told_of(build);
  CHECK(told.state() == v1::Build::QUEUED);
  CHECK(told.message() == "queued, next in line");
  REQUIRE(told.has_queue_place());
  CHECK(told.queue_place().builds_ahead() == 0);
  CHECK_FALSE(told.queue_place().has_estimated_wait());
  build.summary.machine.state = build_state::preparing;
  CHECK_FALSE(told_of(build).has_queue_place());
  v1::Step step;
  to_wire(place, step);
  CHECK(step.notice());
  CHECK(step.has_queue_place());
}
