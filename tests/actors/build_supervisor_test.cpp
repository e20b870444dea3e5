#include "actors/build_supervisor.hpp"

#include "actors/director.hpp"
#include "actors/fan_out.hpp"
#include "actors/first_run.hpp"
#include "actors/journal_keeper.hpp"
#include "tests/actors/fakes.hpp"

#include <catch2/catch.hpp>

using namespace ib;
using namespace ib::test;
using namespace std::chrono_literals;

namespace {

/// Everything real but the engine.
struct supervised : house_fixture {
  supervised() {
    direction.limits = {4, 10};
    put(names::journal, spawn_journal(system(), store));
    put(names::engine, system().spawn(scripted_engine, engine));
    put(names::fan_out, system().spawn(fan_out, std::make_shared<running_builds_board>()));
    spawn_supervisor();
    the_director = put(names::director, director_actor(system().spawn(director, board, direction)));
    run();
  }
  /// As the house does it, once its name has been taken away.
  void name_director() {
    system().registry().put(names::director, caf::actor_cast<caf::strong_actor_ptr>(the_director));
  }
  ~supervised() {
    for (const auto& [id, child] : *children)
      if (child.actor) keep(child.actor);
    for (const auto& run : engine->runs)
      keep(run->actor);
  }
  void spawn_supervisor() {
    supervisor =
        put(names::builds,
            build_supervisor_actor(system().spawn(build_supervisor, children, limits, build_settings{})));
    run();
  }
  channel_ptr admit(const std::string& id, const std::string& ref) {
    auto answer = ask<build_admitted>(system().registry().get(names::director)
                                          ? find_actor<director_actor>(system(), names::director)
                                          : director_actor{},
                                      admit_build{make_plan(id, ref), 0});
    run();
    REQUIRE(answer->answer);
    REQUIRE(answer->answer->channel);
    return *answer->answer->channel;
  }
  build_actor actor(const std::string& id) { return children->at(id).actor; }
  /// One crash, and the time for the restart.
  void crash_and_wait(const std::string& id) {
    crash(actor(id));
    advance(1s);
  }
  std::vector<std::string> listed() {
    std::vector<std::string> ids;
    for (const auto& channel : board->read()->channels())
      ids.push_back(channel->identity().build_id);
    return ids;
  }

  std::shared_ptr<moody_store> store = std::make_shared<moody_store>();
  std::shared_ptr<engine_script> engine = std::make_shared<engine_script>();
  std::shared_ptr<build_children> children = std::make_shared<build_children>();
  std::shared_ptr<running_builds_board> board = std::make_shared<running_builds_board>();
  restart_limits limits;
  director_settings direction;
  build_supervisor_actor supervisor;
  director_actor the_director;
};

const std::string explanation = "image-builder: building r/ws:1: no image exists under this reference\n";

} // namespace

TEST_CASE("a build that crashes amid its output continues its log without a gap or doubling",
          "[supervisor]") {
  supervised house;
  auto channel = house.admit("b1", "r/ws:1");
  auto run = house.engine->run("b1");
  REQUIRE(run);
  auto first = house.actor("b1");
  auto watcher = channel->from_start();
  auto reader = channel->log().at(0);
  run->enter(build_state::building, "building");
  run->say("one\n");
  house.run();
  run->say("two\n");
  house.crash(first);
  run->say("three\n");
  house.advance(1s);
  REQUIRE(house.actor("b1"));
  CHECK(house.actor("b1") != first);
  run->say("four\n");
  run->enter(build_state::verifying, "verifying");
  run->finish(run_succeeded{});
  house.run();

  CHECK(log_text(*channel) == explanation + "one\ntwo\nthree\nfour\n");
  std::string read;
  for (auto slice = reader.next(7); !slice.bytes.empty(); slice = reader.next(7))
    read += slice.bytes;
  CHECK(read == log_text(*channel));
  std::vector<std::string> seen;
  while (auto* update = watcher.next())
    seen.push_back(update->message);
  CHECK(seen == std::vector<std::string>{"starting", "building", "verifying", ""});
  CHECK(ended_as(*channel, build_status::success));
  CHECK(house.engine->runs.size() == 1);
  CHECK(house.children->empty());
  CHECK(house.listed().empty());
}

TEST_CASE("a build that crashes after every piece of output still writes each byte once", "[supervisor]") {
  supervised house;
  house.limits = {1000, 60'000};
  house.spawn_supervisor();
  auto channel = house.admit("b1", "r/ws:1");
  auto reader = channel->pin_log();
  std::string expected = explanation;
  for (int i = 0; i < 30; ++i) {
    auto line = "line " + std::to_string(i) + "\n";
    expected += line;
    house.engine->run("b1")->say(line);
    // Crashes at every distance from the piece: before, amid and after its way to the journal.
    for (int step = 0; step < i % 7; ++step)
      house.scheduler().try_run_once();
    house.crash(house.actor("b1"));
    house.advance(10s);
    REQUIRE(house.actor("b1"));
  }
  CHECK(log_text(*channel) == expected);
  CHECK(house.engine->runs.size() == 1);
}

TEST_CASE("a new build is started from what its starter knows, and its run is asked for", "[supervisor]") {
  supervised house;
  auto record = make_record("b1", "r/ws:1");
  grant_first_run(record);
  REQUIRE(keep_now(*house.store, record));
  house.system().registry().erase(names::journal);
  house.tell(house.supervisor, start_build{"b1", std::make_shared<const build_record>(record)});
  REQUIRE(house.engine->run("b1"));
  CHECK(house.engine->attached.empty());
  // A second word of it starts nothing.
  house.tell(house.supervisor, start_build{"b1", std::make_shared<const build_record>(record)});
  CHECK(house.engine->runs.size() == 1);
}

TEST_CASE("a new build that is being loaded already is started once, and as a new one", "[supervisor]") {
  supervised house;
  auto record = make_record("b1", "r/ws:1");
  grant_first_run(record);
  REQUIRE(keep_now(*house.store, record));
  caf::anon_send(house.supervisor, start_build{"b1"});
  caf::anon_send(house.supervisor, start_build{"b1", std::make_shared<const build_record>(record)});
  house.run();
  CHECK(house.engine->runs.size() == 1);
  CHECK(house.engine->attached.empty());
}

TEST_CASE("the fresh record of a build that has ended since then begins no run", "[supervisor]") {
  supervised house;
  auto channel = house.admit("b1", "r/ws:1");
  auto record = std::make_shared<const build_record>(*house.store->find("b1"));
  house.engine->run("b1")->enter(build_state::verifying, "verifying");
  house.engine->run("b1")->finish(run_succeeded{});
  house.run();
  REQUIRE(house.children->empty());
  house.tell(house.supervisor, start_build{"b1", record});
  house.advance(1s);
  CHECK(house.engine->runs.size() == 1);
  CHECK(ended_as(*channel, build_status::success));
  CHECK(house.children->empty());
}

TEST_CASE("a new build crashes before anything is heard of its run, and goes on with it", "[supervisor]") {
  supervised house;
  auto channel = house.admit("b1", "r/ws:1");
  house.crash_and_wait("b1");
  house.engine->run("b1")->enter(build_state::verifying, "verifying");
  house.engine->run("b1")->finish(run_succeeded{});
  house.run();
  CHECK(messages(*channel) == std::vector<std::string>{"starting", "verifying", ""});
  CHECK(log_text(*channel) == explanation);
  CHECK(house.engine->runs.size() == 1);
}

TEST_CASE("a build that crashes too often ends in a failure everyone sees, and no one else notices",
          "[supervisor]") {
  supervised house;
  auto channel = house.admit("b1", "r/ws:1");
  auto other = house.admit("b2", "r/ws:2");
  auto untouched = house.actor("b2");
  for (int i = 0; i < 3; ++i)
    house.crash_and_wait("b1");
  CHECK_FALSE(channel->ended());
  house.crash(house.actor("b1"));

  CHECK(ended_as(*channel, build_status::failure));
  CHECK(contains(channel->latest()->message, "crashed 4 times"));
  CHECK(contains(channel->latest()->message, "fault of the service"));
  CHECK(contains(log_text(*channel), "crashed 4 times"));
  CHECK(channel->log().closed());
  CHECK(house.store->find("b1")->machine.state == build_state::failed);
  CHECK(house.engine->stopped == std::vector<std::string>{"b1"});
  CHECK(house.listed() == std::vector<std::string>{"b2"});
  CHECK_FALSE(house.children->contains("b1"));
  CHECK(house.actor("b2") == untouched);
  CHECK_FALSE(other->ended());
  CHECK(house.admit("b3", "r/ws:1") != channel);
}

TEST_CASE("a build that crashes at each start is given up and does not poison the house", "[supervisor]") {
  supervised house;
  house.store->refuses_append = [](const std::string& id) { return id == "poison"; };
  auto channel = house.admit("poison", "r/ws:1");
  auto healthy = house.admit("b2", "r/ws:2");
  for (int i = 0; i < 10; ++i)
    house.advance(1s);
  CHECK(ended_as(*channel, build_status::failure));
  CHECK(house.store->find("poison")->machine.state == build_state::failed);
  CHECK(house.listed() == std::vector<std::string>{"b2"});
  CHECK_FALSE(healthy->ended());
  CHECK(house.engine->run("b2"));
}

TEST_CASE("crashes that lie far apart are forgiven", "[supervisor]") {
  supervised house;
  auto channel = house.admit("b1", "r/ws:1");
  for (int i = 0; i < 8; ++i) {
    house.crash_and_wait("b1");
    REQUIRE(house.children->contains("b1"));
    REQUIRE(house.actor("b1"));
    house.advance(25s);
  }
  CHECK_FALSE(channel->ended());
}

TEST_CASE("a crashed supervisor's successor adopts the living builds and restarts the dead", "[supervisor]") {
  supervised house;
  auto living = house.admit("b1", "r/ws:1");
  auto dying = house.admit("b2", "r/ws:2");
  auto living_actor = house.actor("b1");
  house.crash(house.supervisor);
  house.crash(house.actor("b2"));
  house.spawn_supervisor();
  house.advance(1s);
  CHECK(house.actor("b1") == living_actor);
  CHECK_FALSE(has_ended(house.actor("b2")));
  house.crash_and_wait("b1");
  CHECK(house.actor("b1") != living_actor);
  for (auto* id : {"b1", "b2"}) {
    house.engine->run(id)->enter(build_state::verifying, "verifying");
    house.engine->run(id)->finish(run_succeeded{});
  }
  house.run();
  CHECK(ended_as(*living, build_status::success));
  CHECK(ended_as(*dying, build_status::success));
  CHECK(house.children->empty());
}

TEST_CASE("a supervisor that crashes between a crash and its restart still restarts the build",
          "[supervisor]") {
  supervised house;
  house.admit("b1", "r/ws:1");
  house.crash_and_wait("b1");
  house.crash(house.actor("b1"));
  REQUIRE_FALSE(house.actor("b1"));
  house.crash(house.supervisor);
  house.spawn_supervisor();
  REQUIRE(house.actor("b1"));
  CHECK_FALSE(has_ended(house.actor("b1")));
}

TEST_CASE("a build is not given up while the journal is away", "[supervisor]") {
  supervised house;
  auto channel = house.admit("b1", "r/ws:1");
  house.remove(names::journal);
  for (int i = 0; i < 4; ++i) {
    if (house.children->contains("b1") && house.actor("b1")) house.crash(house.actor("b1"));
    house.advance(1s);
  }
  CHECK_FALSE(channel->ended());
  REQUIRE(house.children->contains("b1"));
  house.put(names::journal, spawn_journal(house.system(), house.store));
  house.advance(10s);
  REQUIRE(house.children->contains("b1"));
  REQUIRE(house.actor("b1"));
  house.engine->run("b1")->finish(run_failed{fault_class::user, "build failed: no"});
  house.run();
  CHECK(ended_as(*channel, build_status::failure));
  CHECK(channel->latest()->message == "build failed: no");
}

TEST_CASE("a build does not pay with its restarts for a journal that dies", "[supervisor]") {
  supervised house;
  auto channel = house.admit("b1", "r/ws:1");
  house.crash(house.actor("b1"));
  for (int i = 0; i < 8; ++i) {
    house.remove(names::journal);
    house.advance(300ms);
    auto dying = house.put(names::journal, spawn_journal(house.system(), house.store));
    caf::anon_send_exit(dying, caf::exit_reason::kill);
    house.advance(100ms);
  }
  house.put(names::journal, spawn_journal(house.system(), house.store));
  house.advance(1s);
  REQUIRE(house.children->contains("b1"));
  CHECK(house.actor("b1"));
  CHECK_FALSE(channel->ended());
}

TEST_CASE("a restarted director hears of every build that lives", "[supervisor]") {
  supervised house;
  auto channel = house.admit("b1", "r/ws:1");
  house.remove(names::director);
  house.put(names::director, house.system().spawn(director, house.board, house.direction));
  house.run();
  auto director = find_actor<director_actor>(house.system(), names::director);
  auto cancelled = house.ask<cancel_answer>(director, cancel_build{"b1", "enough"});
  house.run();
  REQUIRE(cancelled->answer);
  CHECK(cancelled->answer->outcome);
  CHECK(house.engine->run("b1")->stopped);
}

TEST_CASE("a build that ends while the director is away leaves no slot behind", "[supervisor]") {
  supervised house;
  auto channel = house.admit("b1", "r/ws:1");
  house.remove(names::director);
  house.engine->run("b1")->finish(run_failed{fault_class::user, "build failed: no"});
  house.run();
  CHECK(ended_as(*channel, build_status::failure));
  house.put(names::director, house.system().spawn(director, house.board, house.direction));
  house.run();
  CHECK(house.listed().empty());
  CHECK(house.admit("b2", "r/ws:1") != channel);
}

TEST_CASE("a director whose name leads to it late hears of the end of a build that it took for running",
          "[supervisor]") {
  supervised house;
  auto channel = house.admit("b1", "r/ws:1");
  house.system().registry().erase(names::director);
  house.engine->run("b1")->finish(run_failed{fault_class::user, "build failed: no"});
  house.run();
  CHECK(house.listed() == std::vector<std::string>{"b1"});
  house.name_director();
  house.advance(1s);
  CHECK(house.listed().empty());
}

TEST_CASE("the run of a build that is given up is stopped by the engine that comes next", "[supervisor]") {
  supervised house;
  auto channel = house.admit("b1", "r/ws:1");
  house.remove(names::engine);
  while (!channel->ended())
    house.crash_and_wait("b1");
  CHECK_FALSE(house.engine->run("b1")->stopped);
  house.put(names::engine, house.system().spawn(scripted_engine, house.engine));
  house.advance(1s);
  CHECK(house.engine->run("b1")->stopped);
}

TEST_CASE("the builds end with the house, without a word to their watchers", "[supervisor]") {
  supervised house;
  auto channel = house.admit("b1", "r/ws:1");
  auto build = house.actor("b1");
  house.send_exit(house.supervisor, caf::exit_reason::user_shutdown);
  CHECK(has_ended(house.supervisor));
  CHECK(has_ended(build));
  CHECK_FALSE(channel->ended());
  CHECK(house.store->unfinished()->size() == 1);
}

TEST_CASE("an unknown build is not started", "[supervisor]") {
  supervised house;
  house.tell(house.supervisor, start_build{"nobody"});
  CHECK(house.children->empty());
}
