#include "actors/build.hpp"
#include "actors/fan_out.hpp"
#include "actors/journal_keeper.hpp"
#include "tests/actors/fakes.hpp"

#include <catch2/catch.hpp>

using namespace ib;
using namespace ib::test;

namespace {

/// A build whose run has begun, and what its run tells beside output.
struct begun_build : house_fixture {
  begun_build() {
    put(names::journal, spawn_journal(system(), store));
    put(names::engine, system().spawn(scripted_engine, engine));
    put(names::director, system().spawn(scripted_director, std::make_shared<director_script>()));
    put(names::fan_out, system().spawn(fan_out, std::make_shared<running_builds_board>()));
    REQUIRE(keep_now(*store, record));
    actor = keep(build_actor(system().spawn(build, *store->find("b1"), build_settings{}, false)));
    tell(actor, run_now{});
    run = engine->run("b1", 1);
    REQUIRE(run);
  }
  ~begun_build() { keep(run->actor); }
  void say(const std::string& text) {
    run->say(text);
    house_fixture::run();
  }

  std::shared_ptr<moody_store> store = std::make_shared<moody_store>();
  std::shared_ptr<engine_script> engine = std::make_shared<engine_script>();
  build_record record = make_record("b1", "registry.example/ws:1");
  build_actor actor;
  run_ptr run;
};

} // namespace

TEST_CASE("a run's notes stand in the log and are no part of its output", "[build]") {
  begun_build house;
  house.say("one\n");
  house.tell(house.actor, run_note{1, "something was lost"});
  house.tell(house.actor, run_note{2, "of another attempt"});
  house.say("two\n");
  CHECK(contains(log_text(*house.record.channel), "\none\nimage-builder: something was lost\ntwo\n"));
  CHECK_FALSE(contains(log_text(*house.record.channel), "of another attempt"));
  CHECK(house.run->acknowledged.back() == 8);
}

TEST_CASE("where a run's output is at its source is published, and its token is a secret", "[build]") {
  begun_build house;
  CHECK_FALSE(house.record.channel->access());
  house.tell(house.actor, run_log_access{2, access_at("https://other.example", "t")});
  CHECK_FALSE(house.record.channel->access());
  house.tell(house.actor, run_log_access{1, access_at("https://b1.example", "very-secret")});
  auto told = house.record.channel->access();
  REQUIRE(told);
  CHECK(*told == log_access{"https://b1.example", "very-secret"});
  house.tell(house.actor, run_log_access{1, access_at("https://b1.example", "very-secret")});
  CHECK(house.record.channel->access() == told);
  house.say("curl -H very-secret\n");
  CHECK(contains(log_text(*house.record.channel), "curl -H [redacted]\n"));
}

TEST_CASE("an engine that is asked for a run knows what it is about", "[build]") {
  begun_build house;
  house.tell(house.actor, run_phase{1, build_state::preparing, "the workspace is requested", false, true});
  house.crash(house.actor);
  house.actor =
      house.keep(build_actor(house.system().spawn(build, *house.store->find("b1"), build_settings{}, false)));
  house.house_fixture::run();
  REQUIRE(house.engine->attached.size() == 1);
  CHECK(house.engine->last_attach.plan->build_id == "b1");
  CHECK(house.engine->last_attach.begun);
}

TEST_CASE("a build that was restarted hides the token of its workspace as before", "[build]") {
  begun_build house;
  house.tell(house.actor, run_log_access{1, access_at("https://b1.example", "very-secret")});
  house.crash(house.actor);
  house.actor =
      house.keep(build_actor(house.system().spawn(build, *house.store->find("b1"), build_settings{}, false)));
  house.house_fixture::run();
  house.tell(house.actor, run_log_access{1, access_at("https://b1.example", "very-secret")});
  house.say("curl -H very-secret\n");
  CHECK(contains(log_text(*house.record.channel), "curl -H [redacted]\n"));
}
