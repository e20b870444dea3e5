#include "actors/engine/wsman_status.hpp"
#include "actors/engine/wsman_wire.hpp"

#include <catch2/catch.hpp>

using namespace ib;

namespace {

workspace_status status_in(workspace_phase phase) {
  workspace_status status;
  status.id = "build";
  status.phase = phase;
  return status;
}

} // namespace

TEST_CASE("a workspace that is not stopping is a running build") {
  struct row {
    workspace_phase phase;
    build_state state;
  };
  for (const auto& [phase, state] : {row{workspace_phase::unknown, build_state::preparing},
                                     row{workspace_phase::pending, build_state::preparing},
                                     row{workspace_phase::creating, build_state::preparing},
                                     row{workspace_phase::initializing, build_state::preparing},
                                     row{workspace_phase::running, build_state::building},
                                     row{workspace_phase::interrupted, build_state::building}}) {
    auto status = status_in(phase);
    CAPTURE(static_cast<int>(phase));
    // Conditions count once it stops.
    status.failed = "some trouble";
    status.headless_task_failed = "other trouble";
    auto verdict = verdict_of(status);
    CHECK_FALSE(verdict.ended);
    CHECK_FALSE(verdict.failure);
    CHECK(verdict.phase == state);
    CHECK_FALSE(verdict.words.empty());
  }
}

TEST_CASE("a workspace that stops ends its build, in failure where a condition says so") {
  struct row {
    std::string failed;
    std::string task_failed;
    std::string message;
    fault_class fault;
  };
  const std::vector<row> rows{
      {"", "", "", fault_class::user},
      {"node is gone", "", "node is gone", fault_class::infrastructure},
      {"", "exit status 1", "build failed: exit status 1", fault_class::user},
      {"", "build failed: no", "build failed: no", fault_class::user},
      {"node is gone", "exit status 1", "build failed: exit status 1; node is gone", fault_class::user},
      {"exit status 1", "exit status 1", "build failed: exit status 1", fault_class::user},
  };
  for (auto phase : {workspace_phase::stopping, workspace_phase::stopped})
    for (const auto& [failed, task_failed, message, fault] : rows) {
      CAPTURE(failed, task_failed);
      auto status = status_in(phase);
      status.failed = failed;
      status.headless_task_failed = task_failed;
      auto verdict = verdict_of(status);
      CHECK(verdict.ended);
      REQUIRE(verdict.failure.has_value() == !message.empty());
      if (!verdict.failure) continue;
      CHECK(verdict.failure->message == message);
      CHECK(verdict.failure->fault == fault);
    }
}

TEST_CASE("a build without an image says so, and that its workspace ran out of time") {
  CHECK(no_image_failure("").message == "image build did not produce a workspace image");
  CHECK(no_image_failure("workspace timed out after 1h0m0s").message ==
        "image build did not produce a workspace image: workspace timed out after 1h0m0s");
}

TEST_CASE("only newer versions are news, and statuses without one") {
  workspace_status next;
  next.version = 7;
  CHECK(is_news(0, next));
  CHECK(is_news(6, next));
  CHECK_FALSE(is_news(7, next));
  CHECK_FALSE(is_news(8, next));
  next.version = 0;
  CHECK(is_news(8, next));
}

TEST_CASE("what ws-manager tells is read, whatever of it is missing") {
  wsman::WorkspaceStatus wire;
  wire.set_id("a");
  auto bare = to_status(wire);
  CHECK(bare.id == "a");
  CHECK(bare.phase == workspace_phase::unknown);
  CHECK_FALSE(bare.started_at_ms);
  CHECK(bare.url.empty());
  CHECK(bare.owner_token.empty());
  CHECK_FALSE(found_build_of(bare));

  auto& metadata = *wire.mutable_metadata();
  metadata.set_owner("somebody");
  metadata.mutable_started_at()->set_seconds(1'700'000'000);
  metadata.mutable_started_at()->set_nanos(250'000'000);
  (*metadata.mutable_annotations())["ref"] = "registry.example/w:1";
  (*metadata.mutable_annotations())["baseref"] = "registry.example/b:1";
  (*metadata.mutable_annotations())["managed-by"] = "image-builder";
  wire.mutable_spec()->set_url("https://a.example");
  wire.mutable_auth()->set_owner_token("token");
  wire.mutable_conditions()->set_failed("f");
  wire.mutable_conditions()->set_timeout("t");
  wire.mutable_conditions()->set_headless_task_failed("h");
  wire.set_message("m");
  wire.set_phase(wsman::RUNNING);
  wire.set_status_version(12);
  auto full = to_status(wire);
  CHECK(full.started_at_ms == 1'700'000'000'250);
  CHECK(full.url == "https://a.example");
  CHECK(full.owner_token == "token");
  CHECK(full.failed + full.timeout + full.headless_task_failed + full.message == "fthm");
  CHECK(full.phase == workspace_phase::running);
  CHECK(full.version == 12);

  auto build = found_build_of(full);
  REQUIRE(build);
  CHECK(build->build_id == "a");
  CHECK(build->workspace_ref == "registry.example/w:1");
  CHECK(build->base_ref == "registry.example/b:1");
  CHECK(build->triggered_by == "somebody");
  CHECK(build->started_at_ms == 1'700'000'000'250);
}

TEST_CASE("a phase of a newer ws-manager is an unknown one") {
  wsman::WorkspaceStatus wire;
  wire.set_phase(static_cast<wsman::WorkspacePhase>(99));
  CHECK(to_status(wire).phase == workspace_phase::unknown);
}

TEST_CASE("only running workspaces of image-builders that say what they build are taken over") {
  workspace_status status;
  status.id = "a";
  status.managed_by = "image-builder";
  status.workspace_ref = "registry.example/w:1";
  status.phase = workspace_phase::creating;
  CHECK(found_build_of(status));
  auto other = status;
  other.managed_by = "somebody-else";
  CHECK_FALSE(found_build_of(other));
  other = status;
  other.workspace_ref.clear();
  CHECK_FALSE(found_build_of(other));
  other = status;
  other.phase = workspace_phase::stopping;
  CHECK_FALSE(found_build_of(other));
}
