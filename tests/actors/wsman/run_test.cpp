#include "tests/actors/wsman/engine_fixture.hpp"

#include <catch2/catch.hpp>

using namespace ib;
using namespace ib::test;
using namespace std::chrono_literals;

namespace {

const error unavailable{error_code::unavailable, "ws-manager: no place", "", {}};
const error not_found{error_code::not_found, "ws-manager: no such workspace", "", {}};

} // namespace

TEST_CASE("a workspace that cannot be started now is started again ten times, each time later", "[wsman]") {
  wsman_house house;
  house.start();
  for (int i = 1; i <= 10; ++i) {
    house.answer_start(unavailable);
    CHECK(house.manager->count("start b1") == static_cast<size_t>(i));
    CHECK(contains(house.news->messages.back(), "trying again in " + std::to_string(i) + " s"));
    house.advance(std::chrono::seconds(i) - 1ms);
    CHECK(house.manager->count("start b1") == static_cast<size_t>(i));
    house.advance(1ms);
    REQUIRE(house.manager->count("start b1") == static_cast<size_t>(i) + 1);
  }
  house.answer_start(unavailable);
  REQUIRE(house.news->failure());
  CHECK(house.news->failure()->message == "workspace services are currently unavailable");
  CHECK(house.news->failure()->final);
  CHECK(house.manager->count("start b1") == 11);
}

TEST_CASE("a build that comes late to its run is told where it stands", "[wsman]") {
  wsman_house house;
  auto handle = house.ask<run_handle>(house.engine, start_run{make_plan("b1", "registry.example/ws:1"), 1});
  house.run();
  house.answer_start(unavailable);
  house.follow(handle);
  REQUIRE(house.news->messages.size() == 1);
  CHECK(contains(house.news->messages[0], "workspace services are currently unavailable"));
}

TEST_CASE("another refusal is not tried again", "[wsman]") {
  wsman_house house;
  house.start();
  house.answer_start(error{error_code::failed_precondition, "ws-manager: no such class", "", {}});
  REQUIRE(house.news->failure());
  CHECK(house.news->failure()->message == "cannot start the build's workspace: ws-manager: no such class");
  CHECK(house.news->failure()->fault == fault_class::infrastructure);
  house.advance(1min);
  CHECK(house.manager->count("start b1") == 1);
}

TEST_CASE("a workspace whose start got no answer is seen to run", "[wsman]") {
  wsman_house house;
  house.answer_list();
  house.start();
  house.answer_start(unavailable);
  house.change(workspace(workspace_phase::creating, 1));
  CHECK(house.news->messages.back() == "creating the build's workspace");
  house.advance(1min);
  CHECK(house.manager->count("start b1") == 1);
}

TEST_CASE("a workspace that exists runs, and is asked for what is not known of it", "[wsman]") {
  wsman_house house;
  house.start();
  house.answer_start(started_workspace{true, "", ""});
  CHECK(house.manager->asked.back() == "describe b1");
  auto status = workspace(workspace_phase::running, 5);
  status.owner_token = "token";
  house.answer_description(status);
  CHECK(house.news->state == build_state::building);
}

TEST_CASE("where a build's log is is told once it is known, and again to a new incarnation", "[wsman]") {
  wsman_house house;
  house.answer_list();
  house.start();
  // Port 1 refuses everybody: the log's reader tries again and again, and nobody waits for it.
  house.answer_start(started_workspace{false, "http://127.0.0.1:1/b1", "token"});
  REQUIRE(house.news->accesses.size() == 1);
  CHECK(house.news->accesses[0] == log_access{"http://127.0.0.1:1/b1", "token"});
  auto run = house.the_run;
  auto again = std::make_shared<run_news>();
  auto next = house.keep(house.system().spawn(hearing_build, again));
  house.tell(run, subscribe_run{0, caf::actor_cast<caf::strong_actor_ptr>(next)});
  CHECK(again->accesses == house.news->accesses);
  CHECK(again->state == house.news->state);
}

TEST_CASE("a build whose workspace ends well succeeds where its image is found", "[wsman]") {
  wsman_house house;
  house.answer_list();
  house.start_well();
  house.change(workspace(workspace_phase::running, 1));
  house.found_image();
  house.change(workspace(workspace_phase::stopping, 2));
  CHECK(house.news->state == build_state::verifying);
  CHECK(house.news->succeeded());
  CHECK(house.images->asked == 1);
  // Nothing that comes later matters.
  house.change(workspace(workspace_phase::running, 3));
  CHECK(house.news->ends.size() == 1);
}

TEST_CASE("a build without an image fails", "[wsman]") {
  wsman_house house;
  house.answer_list();
  house.start_well();
  house.change(workspace(workspace_phase::stopped, 2));
  REQUIRE(house.news->failure());
  CHECK(house.news->failure()->message == "image build did not produce a workspace image");
  CHECK(house.news->failure()->final);
}

TEST_CASE("a registry that does not answer is asked again, and at last given up", "[wsman]") {
  wsman_house house;
  house.answer_list();
  house.start_well();
  house.images->answer = error{error_code::unavailable, "registry.example: 503", "", {}};
  house.change(workspace(workspace_phase::stopping, 2));
  CHECK(house.news->ends.empty());
  CHECK(contains(house.news->messages.back(), "waiting for registry.example until "));
  house.images->answer = error{error_code::too_many_requests, "registry.example: slow down", "", 30'000};
  house.advance(2s);
  CHECK(house.images->asked == 2);
  house.advance(29s);
  CHECK(house.images->asked == 2);
  SECTION("the image is there after all") {
    house.found_image();
    house.advance(1s);
    CHECK(house.news->succeeded());
  }
  SECTION("nobody can tell") {
    for (int i = 0; i < 20 && house.news->ends.empty(); ++i)
      house.advance(30s);
    REQUIRE(house.news->failure());
    CHECK(contains(house.news->failure()->message,
                   "cannot tell whether the build has made a workspace image: registry.example"));
  }
}

TEST_CASE("where neither base serves the failure says so", "[wsman]") {
  wsman_house house;
  house.answer_list();
  auto plan = make_plan("b1", "registry.example/ws:1");
  plan->gone_base = "registry.example/gone:1";
  house.follow(house.ask<run_handle>(house.engine, start_run{plan, 1}));
  house.answer_start(started_workspace{});
  auto failed = workspace(workspace_phase::stopping, 2);
  failed.headless_task_failed = "exit status 1";
  house.change(failed);
  REQUIRE(house.news->failure());
  CHECK(house.news->failure()->message ==
        "build failed: exit status 1; base image does not exist: registry.example/gone:1");
}

TEST_CASE("a build is stopped by stopping its workspace", "[wsman]") {
  wsman_house house;
  house.answer_list();
  house.start_well();
  house.change(workspace(workspace_phase::running, 1));
  house.tell(house.engine, stop_run{"b1"});
  CHECK(house.manager->asked.back() == "stop b1");
  house.answer_stop({});
  CHECK(house.news->ends.empty());
  house.change(workspace(workspace_phase::stopping, 2));
  REQUIRE(house.news->failure());
  CHECK(house.images->asked == 0);
  house.tell(house.engine, stop_run{"b1"});
  CHECK(house.manager->count("stop b1") == 1);
}

TEST_CASE("a workspace that is to stop is told again until ws-manager listens", "[wsman]") {
  wsman_house house;
  house.answer_list();
  house.start_well();
  house.tell(house.engine, stop_run{"b1"});
  house.answer_stop(unavailable);
  house.advance(1s);
  REQUIRE(house.manager->count("stop b1") == 2);
  SECTION("it is gone") {
    house.answer_stop(not_found);
    CHECK(house.news->failure());
  }
  SECTION("it ends, and nobody tells") {
    house.answer_stop({});
    house.advance(2s);
    REQUIRE(house.manager->count("stop b1") == 3);
    house.answer_stop(not_found);
    CHECK(house.news->failure());
  }
  SECTION("it never ends") {
    house.answer_stop({});
    house.advance(1min);
    REQUIRE(house.news->failure());
    CHECK(house.news->failure()->message == "ws-manager did not end the build's workspace");
  }
}

TEST_CASE("a build may be stopped before its workspace runs", "[wsman]") {
  wsman_house house;
  house.answer_list();
  house.start();
  SECTION("while the start is under way: its answer comes first") {
    house.tell(house.engine, stop_run{"b1"});
    CHECK(house.manager->count("stop b1") == 0);
    house.answer_start(started_workspace{});
    CHECK(house.manager->count("stop b1") == 1);
    house.answer_stop(not_found);
    CHECK(house.news->failure());
  }
  SECTION("between two tries: what got no answer may run all the same") {
    house.answer_start(unavailable);
    house.tell(house.engine, stop_run{"b1"});
    CHECK(house.manager->count("stop b1") == 1);
    house.answer_stop(not_found);
    CHECK(house.news->failure());
    house.advance(1min);
    CHECK(house.manager->count("start b1") == 1);
  }
}

TEST_CASE("a run ends with the house, and not with its build", "[wsman]") {
  wsman_house house;
  house.start_well();
  house.crash(house.build);
  CHECK_FALSE(has_ended(house.the_run));
  auto next = house.keep(house.system().spawn(hearing_build, std::make_shared<run_news>()));
  house.tell(house.the_run, subscribe_run{0, caf::actor_cast<caf::strong_actor_ptr>(next)});
  house.send_exit(next, caf::exit_reason::user_shutdown);
  CHECK(has_ended(house.the_run));
}

TEST_CASE("credentials for FROM are the request's own and those it may use", "[wsman]") {
  wsman_house house;
  auto plan = make_plan("b1", "registry.example/ws:1");
  plan->auth.additional = {{"private.example", "dXNlcjpwYXNz"}, {"registry.example", "dXNlcjpwYXNz"}};
  plan->source = dockerfile_source{initializer{empty_initializer{}}, "", "", ""};
  house.follow(house.ask<run_handle>(house.engine, start_run{plan, 1}));
  REQUIRE(house.manager->credentials.size() == 1);
  CHECK(house.manager->credentials.at("private.example").username == "user");
}
