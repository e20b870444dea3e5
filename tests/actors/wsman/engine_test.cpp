// Long on purpose: one engine, told from every side.
#include "tests/actors/wsman/engine_fixture.hpp"

#include <catch2/catch.hpp>

using namespace ib;
using namespace ib::test;
using namespace std::chrono_literals;

namespace {

const error unavailable{error_code::unavailable, "ws-manager: gone", "", {}};
const error not_found{error_code::not_found, "ws-manager: no such workspace", "", {}};

std::vector<std::string> asked(const wsman_house& house) { return house.manager->asked; }

} // namespace

TEST_CASE("the monitor lists, then subscribes, and lists again for what came between", "[wsman]") {
  wsman_house house;
  CHECK(asked(house) == std::vector<std::string>{"list"});
  CHECK_FALSE(house.context->health->is_ready());
  house.answer_list();
  CHECK(house.context->health->is_ready());
  CHECK(asked(house) == std::vector<std::string>{"list", "subscribe"});
  house.advance(1s);
  CHECK(asked(house) == std::vector<std::string>{"list", "subscribe", "list"});
  house.answer_list();
  house.advance(59s);
  CHECK(house.manager->count("list") == 2);
  house.advance(1s);
  CHECK(house.manager->count("list") == 3);
  CHECK(house.manager->count("subscribe") == 1);
}

TEST_CASE("after a lost connection both come again, later each time, at most after five seconds", "[wsman]") {
  wsman_house house;
  house.answer_list();
  house.advance(1s);
  house.answer_list();
  house.manager->subscribed->ended(unavailable);
  house.run();
  auto lists = house.manager->count("list");
  for (auto pause : {200ms, 400ms, 800ms, 1600ms, 3200ms, 5000ms, 5000ms}) {
    house.advance(pause - 1ms);
    CHECK(house.manager->count("list") == lists);
    house.advance(1ms);
    REQUIRE(house.manager->count("list") == ++lists);
    house.fail_list();
  }
  CHECK(house.manager->count("subscribe") == 1);
  CHECK(house.context->health->is_ready());
  house.advance(5s);
  house.answer_list();
  CHECK(house.manager->count("subscribe") == 2);
}

TEST_CASE("without ws-manager for long the service is not ready, and is again once it is back", "[wsman]") {
  wsman_house house;
  house.answer_list();
  house.manager->subscribed->ended(unavailable);
  house.run();
  house.advance(200ms);
  for (int i = 0; i < 12 && house.context->health->is_ready(); ++i) {
    house.fail_list();
    house.advance(5s);
  }
  CHECK(house.context->health->read()->at("ws-manager").find("builds wait for it: gone") !=
        std::string::npos);
  house.answer_list();
  CHECK(house.context->health->is_ready());
}

TEST_CASE("what a lost subscription still tells is not believed", "[wsman]") {
  wsman_house house;
  house.answer_list();
  house.start_well();
  auto old = house.manager->subscribed;
  old->ended(unavailable);
  house.run();
  CHECK_FALSE(old->alive);
  house.advance(200ms);
  house.answer_list({workspace(workspace_phase::running, 1)});
  auto failed = workspace(workspace_phase::stopped, 9);
  failed.failed = "of a lost subscription";
  old->changed(failed);
  old->ended(unavailable);
  house.run();
  CHECK(house.news->ends.empty());
  CHECK(house.news->state == build_state::building);
  CHECK(house.manager->subscribed->alive);
}

TEST_CASE("older versions are ignored, in lists and in changes", "[wsman]") {
  wsman_house house;
  house.answer_list();
  house.start_well();
  house.change(workspace(workspace_phase::running, 7));
  auto old = workspace(workspace_phase::stopped, 6);
  old.failed = "of an older life";
  house.change(old);
  old.version = 7;
  house.change(old);
  house.advance(1s);
  house.answer_list({old});
  CHECK(house.news->ends.empty());
  house.found_image();
  house.change(workspace(workspace_phase::stopping, 8));
  CHECK(house.news->succeeded());
}

TEST_CASE("a build that is gone from a list has ended, if it is gone", "[wsman]") {
  wsman_house house;
  house.answer_list();
  house.start_well();
  house.change(workspace(workspace_phase::running, 1));
  house.advance(1s);
  house.answer_list({workspace(workspace_phase::running, 1)});
  house.advance(1min);
  house.answer_list();
  REQUIRE(asked(house).back() == "describe b1");
  SECTION("and its image decides") {
    house.found_image();
    house.answer_description(not_found);
    CHECK(house.news->succeeded());
  }
  SECTION("and without an image it failed") {
    house.answer_description(not_found);
    REQUIRE(house.news->failure());
    CHECK(house.news->failure()->message == "image build did not produce a workspace image");
  }
  SECTION("a ws-manager without that method is believed") {
    house.answer_description(error{error_code::internal, "ws-manager: unimplemented", "", {}});
    CHECK(house.news->failure());
  }
  SECTION("the list was wrong") {
    house.answer_description(workspace(workspace_phase::running, 2));
    CHECK(house.news->ends.empty());
  }
  SECTION("nobody can tell now: asked again after the next list") {
    house.answer_description(unavailable);
    CHECK(house.news->ends.empty());
    house.advance(1min);
    house.answer_list();
    CHECK(house.manager->count("describe b1") == 2);
  }
}

TEST_CASE("a list after a lost connection has to have all builds", "[wsman]") {
  wsman_house house;
  house.answer_list();
  house.start_well();
  house.manager->subscribed->ended(unavailable);
  house.run();
  house.advance(200ms);
  house.answer_list();
  CHECK(house.manager->count("describe b1") == 1);
}

TEST_CASE("a build that no list can have had yet is not missing from it", "[wsman]") {
  wsman_house house;
  house.start_well();
  SECTION("it was started after the list was asked for") { house.answer_list(); }
  SECTION("ws-manager has not come to list it") {
    house.answer_list();
    house.advance(1s);
    house.answer_list();
  }
  CHECK(house.manager->count("describe b1") == 0);
}

TEST_CASE("a build of an earlier process is followed from where it stands", "[wsman]") {
  wsman_house house;
  SECTION("its workspace is in the first list, which comes later") {
    house.attach(true);
    house.answer_list({workspace(workspace_phase::running, 4)});
  }
  SECTION("its workspace was in the first list") {
    house.answer_list({workspace(workspace_phase::running, 4)});
    house.attach(true);
  }
  CHECK(house.news->state == build_state::building);
  CHECK(house.manager->count("start b1") == 0);
  house.found_image();
  house.change(workspace(workspace_phase::stopping, 5));
  CHECK(house.news->succeeded());
}

TEST_CASE("a build of an earlier process whose workspace is gone has ended", "[wsman]") {
  wsman_house house;
  house.answer_list();
  house.attach(true);
  REQUIRE(asked(house).back() == "describe b1");
  house.answer_description(not_found);
  REQUIRE(house.news->failure());
  CHECK(house.manager->count("start b1") == 0);
}

TEST_CASE("a build of an earlier process that may not have begun begins", "[wsman]") {
  wsman_house house;
  house.answer_list();
  house.attach(false);
  SECTION("unless its image is there") {
    house.found_image();
    house.answer_description(not_found);
    CHECK(house.news->succeeded());
  }
  SECTION("where ws-manager does not know it") {
    house.answer_description(not_found);
    CHECK(house.news->ends.empty());
    CHECK(asked(house).back() == "start b1");
    house.answer_start(started_workspace{});
    house.change(workspace(workspace_phase::running, 1));
    CHECK(house.news->state == build_state::building);
  }
  SECTION("where ws-manager runs it nothing is started") {
    house.answer_description(workspace(workspace_phase::pending, 3));
    CHECK(house.manager->count("start b1") == 0);
    CHECK(contains(house.news->messages.back(), "waiting for a place"));
  }
}

TEST_CASE("a rebuild that may not have begun begins, whatever image is there", "[wsman]") {
  wsman_house house;
  house.answer_list();
  auto plan = make_plan("b1", "registry.example/ws:1");
  plan->force_rebuild = true;
  house.attach(false, plan);
  house.found_image();
  house.answer_description(not_found);
  CHECK(house.news->ends.empty());
  CHECK(asked(house).back() == "start b1");
}

TEST_CASE("a build that is asked about is asked about again until there is an answer", "[wsman]") {
  wsman_house house;
  SECTION("one of an earlier process") {
    house.answer_list();
    house.attach(true);
  }
  SECTION("one whose start found it there") {
    house.answer_list();
    house.start();
    house.answer_start(started_workspace{true, "", ""});
  }
  SECTION("one that ws-manager has never listed, for long") {
    house.answer_list();
    house.start_well();
    house.advance(1s);
    house.answer_list();
    CHECK(house.manager->count("describe b1") == 0);
    house.advance(1min);
    house.answer_list();
  }
  REQUIRE(house.manager->count("describe b1") == 1);
  house.answer_description(unavailable);
  house.advance(5s);
  house.answer_list();
  REQUIRE(house.manager->count("describe b1") == 2);
  CHECK(house.news->ends.empty());
  house.answer_description(not_found);
  CHECK(house.news->failure());
}

TEST_CASE("a build that begins after all is not missing from a list that is older", "[wsman]") {
  wsman_house house;
  house.answer_list();
  house.attach(false);
  house.answer_description(not_found);
  house.answer_start(started_workspace{});
  house.advance(1s);
  house.answer_list();
  CHECK(house.manager->count("describe b1") == 1);
}

TEST_CASE("a build of an earlier process that was to stop is stopped", "[wsman]") {
  wsman_house house;
  house.attach(true);
  house.tell(house.engine, stop_run{"b1"});
  CHECK(house.manager->count("stop b1") == 1);
  house.answer_stop(not_found);
  CHECK(house.news->failure());
}

TEST_CASE("a crashed run's successor goes on", "[wsman]") {
  wsman_house house;
  house.answer_list();
  house.start_well();
  house.change(workspace(workspace_phase::running, 3));
  house.crash(house.the_run);
  house.attach(true);
  house.answer_description(workspace(workspace_phase::running, 3));
  CHECK(house.news->state == build_state::building);
  house.found_image();
  house.change(workspace(workspace_phase::stopping, 4));
  CHECK(house.news->succeeded());
  CHECK(house.manager->count("start b1") == 1);
}

TEST_CASE("runs outlive their engine", "[wsman]") {
  wsman_house house;
  house.answer_list();
  house.start_well();
  house.start_engine();
  CHECK_FALSE(has_ended(house.the_run));
  house.answer_list({workspace(workspace_phase::running, 3)});
  CHECK(house.news->state == build_state::building);
  auto handle = house.ask<run_handle>(house.engine, attach_run{"b1", 1, make_plan("b1", "r/ws:1"), true});
  house.run();
  REQUIRE(handle->answer);
  CHECK(caf::actor_cast<run_actor>(*handle->answer->run) == house.the_run);
  house.crash(house.the_run);
  house.attach(true);
  house.answer_description(workspace(workspace_phase::running, 3));
  CHECK(house.news->state == build_state::building);
}

TEST_CASE("an engine's successor misses what its predecessor would have", "[wsman]") {
  wsman_house house;
  house.answer_list();
  SECTION("it asks again for what its predecessor asked") {
    house.start_well();
    house.manager->subscribed->ended(unavailable);
    house.run();
    house.advance(200ms);
    house.answer_list();
    REQUIRE(house.manager->count("describe b1") == 1);
    house.manager->descriptions.clear();
    house.start_engine();
  }
  SECTION("it counts its lists from the beginning") {
    for (int i = 0; i < 3; ++i) {
      house.advance(1min);
      house.answer_list();
    }
    house.start_well();
    house.start_engine();
  }
  SECTION("runs tell it what they had to tell its predecessor") {
    house.start();
    house.start_engine();
    house.answer_start(started_workspace{});
  }
  house.answer_list();
  REQUIRE(asked(house).back() == "describe b1");
  house.answer_description(not_found);
  CHECK(house.news->failure());
}

TEST_CASE("an engine's successor leaves a build alone that is still to be started", "[wsman]") {
  wsman_house house;
  house.answer_list();
  house.start();
  house.answer_start(unavailable);
  house.start_engine();
  house.answer_list();
  if (!house.manager->descriptions.empty()) house.answer_description(not_found);
  CHECK(house.news->ends.empty());
  house.advance(1s);
  CHECK(house.manager->count("start b1") == 2);
}

TEST_CASE("a workspace that nobody here knows is taken over", "[wsman]") {
  wsman_house house;
  house.context->log_url = [](const std::string& id) { return "https://logs.example/" + id; };
  auto unknown = workspace(workspace_phase::running, 3, "b7");
  unknown.started_at_ms = 1'700'000'000'000;
  auto ended = workspace(workspace_phase::stopping, 3, "b8");
  auto foreign = workspace(workspace_phase::running, 3, "b9");
  foreign.managed_by = "somebody-else";
  house.answer_list({unknown, ended, foreign});
  CHECK(house.director->adopted.empty());
  house.advance(1s);
  REQUIRE(house.director->adopted.size() == 1);
  const auto& plan = *house.director->adopted[0];
  CHECK(plan.build_id == "b7");
  CHECK(plan.created_ms == 1'700'000'000'000);
  CHECK(plan.workspace_ref == "registry.example/ws:1");
  CHECK(plan.base_ref == "registry.example/base:1");
  CHECK(plan.triggered_by == "somebody");
  CHECK(plan.log_url == "https://logs.example/b7");
  CHECK_FALSE(plan.owner_token.empty());
  // Its run is followed, not started.
  house.start("b7");
  CHECK(house.manager->count("start b7") == 0);
  CHECK(house.news->state == build_state::building);
  house.found_image();
  house.change(workspace(workspace_phase::stopping, 4, "b7"));
  CHECK(house.news->succeeded());
}

TEST_CASE("builds of the journal come for their runs themselves", "[wsman]") {
  wsman_house house;
  auto record = make_record("b1", "registry.example/ws:1");
  record.machine.state = build_state::building;
  REQUIRE(keep_now(*house.store, record));
  house.answer_list({workspace(workspace_phase::running, 3)});
  house.advance(1s);
  CHECK(house.director->adopted.empty());
  CHECK(house.manager->count("stop b1") == 0);
}

TEST_CASE("the workspace of a build that has ended here is stopped", "[wsman]") {
  wsman_house house;
  auto record = make_record("b1", "registry.example/ws:1");
  record.machine.state = build_state::failed;
  REQUIRE(keep_now(*house.store, record));
  house.answer_list({workspace(workspace_phase::running, 3)});
  house.advance(1s);
  CHECK(house.director->adopted.empty());
  CHECK(house.manager->count("stop b1") == 1);
}

TEST_CASE("a run that no build of this process has is none of the engine's", "[wsman]") {
  wsman_house house;
  auto handle = house.ask<run_handle>(house.engine, attach_run{"b1", 1});
  house.run();
  REQUIRE(handle->answer);
  CHECK(handle->answer->run.error().code == error_code::not_found);
  house.tell(house.engine, stop_run{"b1"});
  CHECK(house.manager->count("stop b1") == 1);
}

TEST_CASE("an engine that ends with the house takes its runs with it", "[wsman]") {
  wsman_house house;
  house.start_well();
  house.send_exit(house.engine, caf::exit_reason::user_shutdown);
  CHECK(has_ended(house.the_run));
  CHECK(house.context->runs.empty());
}
