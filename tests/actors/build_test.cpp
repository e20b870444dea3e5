// Long on purpose: one build, told from every side.
#include "actors/build.hpp"

#include "actors/fan_out.hpp"
#include "actors/io/utc_time.hpp"
#include "actors/journal_keeper.hpp"
#include "tests/actors/fakes.hpp"

#include <catch2/catch.hpp>

#include <utility>

using namespace ib;
using namespace ib::test;
using namespace std::chrono_literals;

namespace {

/// One real build amid a real journal and fan-out, a scripted engine and a scripted director.
struct one_build : house_fixture {
  explicit one_build(const std::vector<std::string>& passwords = {}, build_settings with = {})
      : settings(std::move(with)), record(make_record("b1", "registry.example/ws:1", passwords)) {
    put(names::journal, spawn_journal(system(), store));
    put(names::engine, system().spawn(scripted_engine, engine));
    put(names::director, system().spawn(scripted_director, director));
    put(names::fan_out, system().spawn(fan_out, std::make_shared<running_builds_board>()));
    REQUIRE(keep_now(*store, record));
    spawn();
  }
  ~one_build() {
    for (const auto& run : engine->runs)
      keep(run->actor);
  }
  /// The next incarnation, from the journal, as the supervisor starts it.
  void spawn() {
    actor = keep(build_actor(system().spawn(build, *store->find("b1"), settings, false)));
    run();
  }
  void start() { tell(actor, run_now{}); }
  /// Its actor crashes before anything is heard of its run, of which the engine knows nothing any more.
  void lose_first_run() {
    start();
    crash(actor);
    crash(the_run()->actor);
    engine->runs.clear();
  }
  run_ptr the_run(int attempt = 1) { return engine->run("b1", attempt); }
  void say(const std::string& text, int attempt = 1) {
    the_run(attempt)->say(text);
    run();
  }
  void enter(build_state state, const std::string& message, int attempt = 1) {
    the_run(attempt)->enter(state, message);
    run();
  }
  void finish(build_event how, int attempt = 1) {
    the_run(attempt)->finish(std::move(how));
    run();
  }
  build_channel& channel() { return *record.channel; }
  machine_state kept() { return store->find("b1")->machine; }

  std::shared_ptr<moody_store> store = std::make_shared<moody_store>();
  std::shared_ptr<engine_script> engine = std::make_shared<engine_script>();
  std::shared_ptr<director_script> director = std::make_shared<director_script>();
  build_settings settings;
  build_record record;
  build_actor actor;
};

const std::string explanation =
    "image-builder: building registry.example/ws:1: no image exists under this reference\n";

} // namespace

TEST_CASE("a build lives from the queue to success and tells each phase in order", "[build]") {
  one_build house;
  CHECK(house.director->introductions == 1);
  CHECK(house.engine->runs.empty());
  CHECK(log_text(house.channel()) == explanation);

  house.start();
  REQUIRE(house.the_run());
  CHECK(house.the_run()->subscriptions == std::vector<uint64_t>{0});
  house.enter(build_state::preparing, "cloning");
  house.say("one\n");
  house.enter(build_state::building, "building");
  house.say("two\n");
  house.enter(build_state::verifying, "verifying");
  CHECK_FALSE(house.channel().ended());
  house.finish(run_succeeded{});

  CHECK(messages(house.channel()) ==
        std::vector<std::string>{"starting", "cloning", "building", "verifying", ""});
  CHECK(ended_as(house.channel(), build_status::success));
  CHECK(log_text(house.channel()) == explanation + "one\ntwo\n");
  CHECK(house.channel().log().closed());
  CHECK(house.kept().state == build_state::succeeded);
  CHECK(house.the_run()->released);
  REQUIRE(house.director->ended.size() == 1);
  CHECK(house.director->ended[0].success);
  CHECK(has_ended(house.actor));
}

TEST_CASE("what a run says before its build subscribes is told, and once", "[build]") {
  one_build house;
  house.engine->at_once = run_phase{1, build_state::preparing, "no place, trying again", false, true};
  house.start();
  CHECK(messages(house.channel()) == std::vector<std::string>{"starting", "no place, trying again"});
  CHECK(house.kept().begun);
  house.crash(house.actor);
  house.spawn();
  CHECK(house.the_run()->subscriptions.size() == 2);
  CHECK(messages(house.channel()).size() == 2);
}

TEST_CASE("a phase is announced only after the journal has kept it", "[build]") {
  one_build house;
  house.start();
  house.store->refuses_advance = [](const auto&) { return true; };
  house.enter(build_state::building, "building");
  CHECK(messages(house.channel()) == std::vector<std::string>{"starting"});
  CHECK(house.kept().state == build_state::preparing);
  CHECK(has_ended(house.actor));
}

TEST_CASE("no watcher hears of an end that the journal has not kept", "[build]") {
  one_build house;
  house.start();
  house.enter(build_state::verifying, "verifying");
  house.store->refuses_advance = [](const auto&) { return true; };
  house.finish(run_succeeded{});
  CHECK_FALSE(house.channel().ended());
  CHECK(house.director->ended.empty());
  CHECK(has_ended(house.actor));
}

TEST_CASE("a secret that straddles pieces of output reaches neither log nor messages", "[build]") {
  one_build house({"hunter2"});
  house.start();
  house.enter(build_state::preparing, "cloning https://x:hunter2@example.com");
  house.say("password hun");
  CHECK_FALSE(contains(log_text(house.channel()), "hun"));
  house.say("ter2 and hunter");
  house.say("\n");
  house.finish(run_failed{fault_class::user, "build failed: hunter2 is wrong"});
  CHECK(log_text(house.channel()) ==
        explanation + "password [redacted] and hunter\nimage-builder: build failed: [redacted] is wrong\n");
  CHECK(messages(house.channel()) == std::vector<std::string>{"starting",
                                                              "cloning https://x:[redacted]@example.com",
                                                              "build failed: [redacted] is wrong"});
}

TEST_CASE("only output that is decided and in the log is acknowledged to the run", "[build]") {
  one_build house({"hunter2"});
  house.start();
  house.say("12345hun");
  CHECK(house.the_run()->acknowledged.back() == 5);
  CHECK(house.store->find("b1")->raw_offset == 5);
  house.say("gry");
  CHECK(house.the_run()->acknowledged.back() == 11);
}

TEST_CASE("output that comes twice or out of turn counts once", "[build]") {
  one_build house;
  house.start();
  house.say("abc");
  house.tell(house.actor, run_output{1, 0, std::make_shared<const std::string>("abc")});
  house.tell(house.actor, run_output{1, 9, std::make_shared<const std::string>("later")});
  house.tell(house.actor, run_output{2, 3, std::make_shared<const std::string>("other attempt")});
  house.say("def");
  CHECK(log_text(house.channel()) == explanation + "abcdef");
}

TEST_CASE("an infrastructure failure is retried once, visibly, and the second one ends the build",
          "[build]") {
  one_build house;
  house.start();
  house.say("first\n");
  house.finish(run_failed{fault_class::infrastructure, "registry said 503"});
  REQUIRE(house.the_run(2));
  CHECK(house.the_run(1)->released);
  CHECK(messages(house.channel()) ==
        std::vector<std::string>{"starting", "registry said 503; trying once more"});
  house.say("second\n", 2);
  house.finish(run_failed{fault_class::infrastructure, "registry said 502"}, 2);
  CHECK(house.engine->runs.size() == 2);
  CHECK(ended_as(house.channel(), build_status::failure));
  CHECK(house.channel().latest()->message == "registry said 502");
  CHECK(log_text(house.channel()) == explanation +
                                         "first\nimage-builder: registry said 503; trying once more\n" +
                                         "second\nimage-builder: registry said 502\n");
}

TEST_CASE("the second attempt can succeed", "[build]") {
  one_build house;
  house.start();
  house.say("first\n");
  house.finish(run_failed{fault_class::infrastructure, "registry said 503"});
  house.say("second\n", 2);
  house.enter(build_state::verifying, "verifying", 2);
  house.finish(run_succeeded{}, 2);
  CHECK(ended_as(house.channel(), build_status::success));
  CHECK(house.the_run(2)->subscriptions == std::vector<uint64_t>{0});
}

TEST_CASE("a user's failure is not retried", "[build]") {
  one_build house;
  house.start();
  house.finish(run_failed{fault_class::user, "build failed: RUN false: exit status 1"});
  CHECK(house.engine->runs.size() == 1);
  CHECK(ended_as(house.channel(), build_status::failure));
  CHECK(house.channel().latest()->message == "build failed: RUN false: exit status 1");
  CHECK_FALSE(house.director->ended.at(0).success);
}

TEST_CASE("a success that was never verified is a failure", "[build]") {
  one_build house;
  house.start();
  house.enter(build_state::publishing, "publishing");
  house.finish(run_succeeded{});
  CHECK(ended_as(house.channel(), build_status::failure));
  CHECK(house.channel().latest()->message == "image build did not produce a workspace image");
}

TEST_CASE("a run whose actor dies is begun anew without using up the retry, but not for ever", "[build]") {
  one_build house;
  house.start();
  for (int attempt = 1; attempt <= max_losses; ++attempt) {
    house.enter(build_state::building, "building", attempt);
    house.crash(house.the_run(attempt)->actor);
    REQUIRE(house.the_run(attempt + 1));
    CHECK(messages(house.channel()).back() == "the build's run was lost while building; building anew");
  }
  CHECK(house.kept().retries == 0);
  house.crash(house.the_run(max_losses + 1)->actor);
  CHECK(ended_as(house.channel(), build_status::failure));
}

TEST_CASE("a build that an earlier process began is built anew, and its log says so", "[build]") {
  one_build house;
  house.start();
  house.enter(build_state::building, "building");
  house.say("half of it\n");
  house.crash(house.actor);
  house.crash(house.the_run()->actor);
  auto left = *house.store->find("b1");
  left.interrupted_attempt = 1;
  house.actor = house.keep(build_actor(house.system().spawn(build, left, house.settings, false)));
  house.run();
  REQUIRE(house.the_run(2));
  CHECK(house.kept().losses == 0);
  CHECK(messages(house.channel()).back() == "the service was restarted while building; building anew");
  house.say("all of it\n", 2);
  CHECK(log_text(house.channel()) ==
        explanation + "half of it\n"
                      "image-builder: the service was restarted while building; building anew\n"
                      "all of it\n");
}

TEST_CASE("a run that dies right after it told its failure costs one attempt, not two", "[build]") {
  one_build house;
  house.start();
  house.the_run()->finish(run_failed{fault_class::infrastructure, "registry said 503"});
  house.crash(house.the_run()->actor);
  REQUIRE(house.the_run(2));
  CHECK_FALSE(house.channel().ended());
}

TEST_CASE("a build waits for an engine that restarts, at the cost of no attempt", "[build]") {
  one_build house;
  house.remove(names::engine);
  house.start();
  house.advance(10s);
  CHECK_FALSE(house.channel().ended());
  house.put(names::engine, house.system().spawn(scripted_engine, house.engine));
  house.advance(1s);
  REQUIRE(house.the_run());
  CHECK(house.kept().attempt == 1);
}

TEST_CASE("an engine that dies over a build's wish costs it no attempt", "[build]") {
  one_build house;
  int deaths = 0;
  auto dies = [&deaths](engine_actor::pointer) -> engine_actor::behavior_type {
    return {[&deaths](const start_run&) -> run_handle { throw std::runtime_error(std::to_string(++deaths)); },
            [](const attach_run&) -> run_handle { throw std::runtime_error("no run"); },
            [](const stop_run&) {}};
  };
  auto next_engine = [&](auto engine) {
    house.put(names::engine, std::move(engine));
    house.advance(1s);
  };
  next_engine(house.system().spawn(dies));
  house.start();
  for (int i = 0; i < 2; ++i)
    next_engine(house.system().spawn(dies));
  CHECK(deaths == 3);
  SECTION("where another one lives") {
    next_engine(house.system().spawn(scripted_engine, house.engine));
    REQUIRE(house.the_run());
    CHECK(house.kept().losses == 0);
  }
  SECTION("unless each one dies over it") {
    next_engine(house.system().spawn(dies));
    CHECK(house.kept().losses == 1);
    for (int i = 0; i < 50 && !house.channel().ended(); ++i)
      next_engine(house.system().spawn(dies));
    REQUIRE(house.channel().ended());
    CHECK(contains(house.channel().latest()->message, "was lost"));
  }
}

TEST_CASE("a build that is cancelled while the engine restarts ends without a run", "[build]") {
  one_build house;
  house.remove(names::engine);
  house.start();
  house.tell(house.actor, cancel_build{"b1", "no need"});
  house.put(names::engine, house.system().spawn(scripted_engine, house.engine));
  house.advance(1s);
  CHECK(ended_as(house.channel(), build_status::failure));
  CHECK(house.channel().latest()->message == "build cancelled: no need");
  CHECK(house.engine->runs.empty());
}

TEST_CASE("a run that an engine began and did not tell of is stopped with its build", "[build]") {
  one_build house;
  auto begins_and_dies = [&house](engine_actor::pointer self) -> engine_actor::behavior_type {
    return {[self, &house](const start_run& order) -> run_handle {
              auto run = std::make_shared<run_script>();
              run->build_id = order.plan->build_id;
              run->actor = self->system().spawn(scripted_run, run);
              house.engine->runs.push_back(run);
              throw std::runtime_error("before the answer");
            },
            [](const attach_run&) -> run_handle { throw std::runtime_error("no run"); },
            [](const stop_run&) {}};
  };
  house.put(names::engine, house.system().spawn(begins_and_dies));
  house.start();
  REQUIRE(house.the_run());
  house.remove(names::engine);
  house.tell(house.actor, cancel_build{"b1", "no need"});
  house.put(names::engine, house.system().spawn(scripted_engine, house.engine));
  house.advance(1s);
  CHECK(house.the_run()->stopped);
  CHECK_FALSE(house.channel().ended());
  house.finish(run_failed{fault_class::infrastructure, "stopped"});
  CHECK(ended_as(house.channel(), build_status::failure));
  CHECK(house.channel().latest()->message == "build cancelled: no need");
  CHECK(house.the_run()->released);
}

TEST_CASE("a build is heard by a director that its name does not lead to yet", "[build]") {
  one_build house;
  house.remove(names::director);
  auto before = house.director->introductions;
  SECTION("when it begins") { house.spawn(); }
  SECTION("when it is asked who it is") { house.tell(house.actor, introduce_yourself{}); }
  CHECK(house.director->introductions == before);
  house.put(names::director, house.system().spawn(scripted_director, house.director));
  house.advance(1s);
  CHECK(house.director->introductions == before + 1);
  house.advance(10s);
  CHECK(house.director->introductions == before + 1);
}

TEST_CASE("a run that outlives its engine is stopped by the next one", "[build]") {
  one_build house;
  house.start();
  auto stopped = [&] { return house.engine->stopped; };
  house.remove(names::engine);
  house.tell(house.actor, cancel_build{"b1", "no need"});
  house.advance(1s);
  CHECK_FALSE(house.channel().ended());
  house.put(names::engine, house.system().spawn(scripted_engine, house.engine));
  house.advance(1s);
  CHECK(stopped() == std::vector<std::string>{"b1"});
  CHECK(house.the_run()->stopped);
  house.finish(run_failed{fault_class::infrastructure, "stopped"});
  CHECK(house.channel().latest()->message == "build cancelled: no need");
}

TEST_CASE("a build that reaches its time limit is stopped and says so", "[build]") {
  one_build house({}, {10min, 5min});
  house.start();
  house.enter(build_state::building, "building");
  house.advance(9min);
  CHECK_FALSE(house.the_run()->stopped);
  house.advance(1min);
  CHECK(house.the_run()->stopped);
  CHECK_FALSE(house.channel().ended());
  house.finish(run_failed{fault_class::infrastructure, "stopped"});
  CHECK(ended_as(house.channel(), build_status::failure));
  CHECK(house.channel().latest()->message == "build exceeded its time limit of 10 min while building");
  CHECK(house.engine->runs.size() == 1);
}

TEST_CASE("a second attempt does not get a second time limit", "[build]") {
  one_build house({}, {10min, 5min});
  house.start();
  house.advance(6min);
  house.finish(run_failed{fault_class::infrastructure, "registry said 503"});
  REQUIRE(house.the_run(2));
  house.advance(4min);
  CHECK(house.the_run(2)->stopped);
}

TEST_CASE("a silent build says so, and again, but not one that speaks", "[build]") {
  one_build house({}, {60min, 5min});
  house.start();
  house.enter(build_state::building, "building");
  house.advance(4min);
  house.say("still here\n");
  house.advance(4min);
  CHECK(messages(house.channel()).back() == "building");
  house.advance(1min);
  CHECK(messages(house.channel()).back() == "still building, no output for 5 min");
  house.advance(5min);
  CHECK(messages(house.channel()).back() == "still building, no output for 10 min");
}

TEST_CASE("a stopping build that stays silent does not spin on its timer", "[build]") {
  one_build house({}, {60min, 5min});
  house.start();
  house.tell(house.actor, cancel_build{"b1", "enough"});
  house.advance(5min);
  auto before = house.scheduler().clock().current_time;
  for (int i = 0; i < 3; ++i) {
    house.scheduler().trigger_timeout();
    house.run();
  }
  CHECK(house.scheduler().clock().current_time - before > 1min);
}

TEST_CASE("a cancelled build ends with the reason, whatever its phase", "[build]") {
  auto phase = GENERATE(build_state::preparing, build_state::building, build_state::pushing,
                        build_state::publishing, build_state::verifying);
  one_build house;
  house.start();
  house.enter(phase, "working");
  house.tell(house.actor, cancel_build{"b1", "not needed"});
  CHECK(house.engine->stopped == std::vector<std::string>{"b1"});
  CHECK_FALSE(house.channel().ended());
  house.finish(run_succeeded{});
  CHECK(ended_as(house.channel(), build_status::failure));
  CHECK(house.channel().latest()->message == "build cancelled: not needed");
  CHECK(house.engine->runs.size() == 1);
}

TEST_CASE("a queued build is cancelled at once and never runs", "[build]") {
  one_build house;
  auto answer = house.ask<cancel_answer>(house.actor, cancel_build{"b1", "not needed"});
  house.run();
  REQUIRE(answer->answer);
  CHECK(answer->answer->outcome);
  CHECK(ended_as(house.channel(), build_status::failure));
  CHECK(house.channel().latest()->message == "build cancelled: not needed");
  CHECK(house.engine->runs.empty());
  REQUIRE(house.director->ended.size() == 1);
  CHECK(house.director->ended[0].run_ms == 0);
  CHECK(has_ended(house.actor));
}

TEST_CASE("a cancel is answered once it is kept, and a second one changes nothing", "[build]") {
  one_build house;
  house.start();
  house.store->refusal = {error_code::unavailable, "disk full", "", {}};
  house.store->refuses_advance = [](const auto&) { return true; };
  auto first = house.ask<cancel_answer>(house.actor, cancel_build{"b1", "enough"});
  house.run();
  CHECK_FALSE(first->answer);
  house.store->refuses_advance = [](const auto&) { return false; };
  house.advance(1s);
  REQUIRE(first->answer);
  CHECK(first->answer->outcome);
  CHECK(house.kept().state == build_state::stopping);
  auto second = house.ask<cancel_answer>(house.actor, cancel_build{"b1", "for another reason"});
  house.run();
  REQUIRE(second->answer);
  CHECK(second->answer->outcome);
  house.finish(run_failed{fault_class::infrastructure, "stopped"});
  CHECK(house.channel().latest()->message == "build cancelled: enough");
}

TEST_CASE("a cancel that comes with the slot still stops the run", "[build]") {
  one_build house;
  caf::anon_send(house.actor, run_now{});
  caf::anon_send(house.actor, cancel_build{"b1", "too late"});
  house.run();
  REQUIRE(house.the_run());
  CHECK(house.the_run()->stopped);
}

TEST_CASE("a queued build tells its place, a running one does not", "[build]") {
  one_build house;
  house.tell(house.actor, queue_place{3, 120'000});
  house.tell(house.actor, queue_place{3, 120'000});
  CHECK(messages(house.channel()) == std::vector<std::string>{"queued, 3 builds ahead, about 2 min to wait"});
  auto* latest = house.channel().latest();
  REQUIRE(latest->place);
  CHECK(latest->place->builds_ahead == 3);
  CHECK(latest->place->estimate_ms == 120'000);
  CHECK_FALSE(latest->is_step);
  house.start();
  house.tell(house.actor, queue_place{1, {}});
  CHECK(messages(house.channel()).back() == "starting");
}

TEST_CASE("the next incarnation goes on where the log ends", "[build]") {
  one_build house({"hunter2"});
  house.start();
  house.enter(build_state::building, "building");
  house.say("kept hun");
  house.crash(house.actor);
  house.say("ter2\n");
  house.the_run()->listener = nullptr;
  house.spawn();
  CHECK(house.the_run()->subscriptions == std::vector<uint64_t>{0, 5});
  house.say("more\n");
  CHECK(log_text(house.channel()) == explanation + "kept [redacted]\nmore\n");
  CHECK(messages(house.channel()) == std::vector<std::string>{"starting", "building"});
}

TEST_CASE("an incarnation whose run is gone tries the run once more", "[build]") {
  one_build house;
  house.start();
  house.enter(build_state::building, "building");
  house.crash(house.actor);
  house.crash(house.the_run()->actor);
  house.spawn();
  CHECK(house.engine->attached == std::vector<int>{1});
  REQUIRE(house.the_run(2));
  CHECK(house.kept().attempt == 2);
}

TEST_CASE("an incarnation whose run was never heard of begins it once, at no cost", "[build]") {
  one_build house;
  house.lose_first_run();
  house.spawn();
  CHECK(house.engine->attached == std::vector<int>{1});
  REQUIRE(house.the_run());
  CHECK(house.kept().losses == 0);
  CHECK(messages(house.channel()) == std::vector<std::string>{"starting"});
  // From now on it is lost when it goes.
  house.crash(house.the_run()->actor);
  CHECK(house.kept().losses == 1);
  CHECK(house.kept().attempt == 2);
}

TEST_CASE("a build that is cancelled while its engine is away begins no run for it", "[build]") {
  one_build house;
  house.lose_first_run();
  auto engine = house.system().registry().get(names::engine);
  house.system().registry().erase(names::engine);
  house.spawn();
  house.tell(house.actor, cancel_build{"b1", "enough"});
  house.system().registry().put(names::engine, engine);
  house.advance(1s);
  CHECK(house.engine->runs.empty());
  CHECK(ended_as(house.channel(), build_status::failure));
  CHECK(house.channel().latest()->message == "build cancelled: enough");
}

TEST_CASE("the time limit counts from the first step, whoever crashed before the next", "[build]") {
  one_build house({}, {60min, 5min});
  auto old = make_record("b2", "registry.example/ws:2");
  status_update step{build_status::running, "starting", build_state::preparing, 1};
  step.at_ms = io::unix_ms_now() - 59 * 60 * 1000;
  step.is_step = true;
  old.machine = {build_state::preparing, 1, ""};
  old.channel->publish(step);
  REQUIRE(keep_now(*house.store, old));
  house.keep(build_actor(house.system().spawn(build, *house.store->find("b2"), house.settings, false)));
  house.run();
  REQUIRE(house.engine->run("b2"));
  CHECK_FALSE(house.engine->run("b2")->stopped);
  house.advance(2min);
  CHECK(house.engine->run("b2")->stopped);
}

TEST_CASE("an end that was kept but not told is told by the next incarnation", "[build]") {
  one_build house;
  house.start();
  house.crash(house.actor);
  REQUIRE(house.store->advance("b1", {build_state::succeeded, 1, ""}, {}, {}));
  REQUIRE(house.store->commit());
  house.spawn();
  CHECK(ended_as(house.channel(), build_status::success));
  CHECK(house.director->ended.size() == 1);
  CHECK(has_ended(house.actor));
}

TEST_CASE("a stopping build that crashes asks its run to stop again", "[build]") {
  one_build house;
  house.start();
  house.tell(house.actor, cancel_build{"b1", "enough"});
  house.crash(house.actor);
  house.spawn();
  CHECK(house.engine->stopped.size() == 2);
  house.finish(run_failed{fault_class::infrastructure, "stopped"});
  CHECK(house.channel().latest()->message == "build cancelled: enough");
}

TEST_CASE("the time limit goes on counting over a crash", "[build]") {
  one_build house({}, {10min, 5min});
  house.start();
  house.crash(house.actor);
  house.advance(8min);
  house.spawn();
  CHECK_FALSE(house.the_run()->stopped);
  house.advance(2min);
  CHECK(house.the_run()->stopped);
}

TEST_CASE("a build whose journal restarts waits for it and goes on", "[build]") {
  one_build house;
  house.remove(names::journal);
  house.start();
  CHECK(messages(house.channel()).empty());
  house.put(names::journal, spawn_journal(house.system(), house.store));
  house.advance(1s);
  CHECK(messages(house.channel()) == std::vector<std::string>{"starting"});
  CHECK(house.the_run());
}

TEST_CASE("a build whose journal dies at its every word ends its incarnation", "[build]") {
  one_build house;
  house.start();
  house.store->refuses_advance = [](const auto&) -> bool { throw std::runtime_error("poison"); };
  house.enter(build_state::building, "building");
  for (int i = 0; i < 30 && !has_ended(house.actor); ++i) {
    house.put(names::journal, spawn_journal(house.system(), house.store));
    house.advance(200ms);
  }
  CHECK(has_ended(house.actor));
  CHECK(messages(house.channel()) == std::vector<std::string>{"starting"});
}

TEST_CASE("while the storage is full a build stands still and says so; nothing of its log is lost",
          "[build]") {
  one_build house;
  house.start();
  auto reader = house.channel().pin_log();
  house.enter(build_state::building, "building");
  house.store->refusal = {error_code::unavailable, "no space left on device", "", {}};
  house.store->refuses_append = [](const auto&) { return true; };
  house.say("one\n");
  house.say("two\n");
  house.advance(1min);
  CHECK(messages(house.channel()).back() == "waiting for the storage: no space left on device");
  CHECK(log_text(house.channel()) == explanation);
  CHECK(house.the_run()->acknowledged.empty());
  house.store->refuses_append = [](const auto&) { return false; };
  house.advance(1s);
  CHECK(log_text(house.channel()) == explanation + "one\ntwo\n");
  CHECK(house.the_run()->acknowledged.back() == 8);
}

TEST_CASE("what a build says while the journal is busy is written in one piece", "[build]") {
  one_build house;
  house.start();
  house.remove(names::journal);
  for (int i = 0; i < 100; ++i)
    house.say("line\n");
  auto board = std::make_shared<storage_board>();
  size_t appends = 0;
  house.store->refuses_append = [&appends](const auto&) {
    ++appends;
    return false;
  };
  house.put(names::journal, house.system().spawn(journal_keeper, std::shared_ptr<journal_store>(house.store),
                                                 board, retention_limits{}, std::make_shared<metrics>()));
  house.advance(1s);
  CHECK(house.channel().log().end_offset() == explanation.size() + 500);
  CHECK(appends == 1);
}

TEST_CASE("what is said while a step cannot be kept is about the step before it", "[build]") {
  one_build house;
  house.start();
  house.enter(build_state::verifying, "verifying");
  house.store->refusal = {error_code::unavailable, "no space left on device", "", {}};
  house.store->refuses_advance = [](const auto&) { return true; };
  house.finish(run_succeeded{});
  REQUIRE(contains(house.channel().latest()->message, "no space left on device"));
  // A kill now would have the build begun anew: nobody may have been told that it had succeeded.
  CHECK(house.channel().latest()->state == build_state::verifying);
  CHECK(view_of(house.channel()).state == build_state::verifying);
  house.store->refuses_advance = [](const auto&) { return false; };
  house.advance(1s);
  CHECK(house.channel().latest()->state == build_state::succeeded);
  CHECK(ended_as(house.channel(), build_status::success));
}

TEST_CASE("why a build is built is written in one piece", "[build]") {
  house_fixture house;
  auto store = std::make_shared<moody_store>();
  auto record = make_record("b1", "registry.example/ws:1");
  auto plan = std::make_shared<build_plan>(*record.plan);
  plan->explanation = {"one reason", "another reason", "the last reason"};
  record.plan = plan;
  REQUIRE(keep_now(*store, record));
  house.put(names::journal, spawn_journal(house.system(), store));
  size_t appends = 0;
  store->refuses_append = [&appends](const auto&) { return ++appends > 1; };
  house.keep(build_actor(house.system().spawn(build, *store->find("b1"), build_settings{}, false)));
  house.run();
  CHECK(appends == 1);
  CHECK(log_text(*record.channel) == "image-builder: one reason\nimage-builder: another reason\n"
                                     "image-builder: the last reason\n");
}

TEST_CASE("a cancel that was answered holds although the service is killed next", "[build]") {
  one_build house;
  house.start();
  house.enter(build_state::building, "building");
  auto answer = house.ask<cancel_answer>(house.actor, cancel_build{"b1", "changed my mind"});
  house.run();
  REQUIRE(answer->answer);
  REQUIRE(answer->answer->outcome);
  house.crash(house.actor);
  house.crash(house.the_run()->actor);
  auto left = *house.store->find("b1");
  left.interrupted_attempt = 1;
  house.actor = house.keep(build_actor(house.system().spawn(build, left, house.settings, false)));
  house.run();
  CHECK(house.engine->runs.size() == 1);
  CHECK(ended_as(house.channel(), build_status::failure));
  CHECK(house.channel().latest()->message == "build cancelled: changed my mind");
}
