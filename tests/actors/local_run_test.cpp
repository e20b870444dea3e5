#include "actors/engine/local_run.hpp"

#include "actors/engine/pipeline.hpp"
#include "actors/io/utc_time.hpp"
#include "tests/actors/fakes.hpp"
#include "tests/actors/holding_registry.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <filesystem>

using namespace ib;
using namespace ib::test;
using namespace std::chrono_literals;

namespace {

/// What the build was told by the run.
struct build_notes {
  std::vector<run_output> output;
  std::vector<run_phase> phases;
  std::vector<run_ended> ends;
  std::string text() const {
    std::string all;
    for (const auto& piece : output)
      all += *piece.bytes;
    return all;
  }
};

build_actor::behavior_type noting_build(build_actor::pointer, const std::shared_ptr<build_notes>& notes) {
  return {[](const run_now&) {},
          [](const introduce_yourself&) {},
          [](const queue_place&) {},
          [](const cancel_build&) { return cancel_answer{result<void>{}}; },
          [notes](const run_output& m) { notes->output.push_back(m); },
          [notes](const run_phase& m) { notes->phases.push_back(m); },
          [](const run_note&) {},
          [](const run_log_access&) {},
          [notes](const run_ended& m) { notes->ends.push_back(m); }};
}

/// One run whose worker is held in its first lookup; the test plays the worker by sending its messages.
struct one_run : house_fixture {
  one_run() {
    std::string pattern = (std::filesystem::temp_directory_path() / "ib-run-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    folder = pattern;
    context->folders = {folder, folder, folder, folder};
    context->registry = registry;
    actor = keep(system().spawn(local_run, context, std::shared_ptr<const build_tools>(),
                                std::shared_ptr<const build_plan>(make_plan("b1", "registry.example/ws:1")),
                                1, run_ends{nullptr, end}));
    run();
    registry->wait_until_reached(); // from here on the worker sends nothing until it is released
  }
  ~one_run() {
    finish_worker();
    run();
    std::filesystem::remove_all(folder);
  }
  void finish_worker() {
    registry->release();
    context->threads.wait();
  }
  std::shared_ptr<build_notes> subscribe(uint64_t offset) {
    auto notes = std::make_shared<build_notes>();
    auto build = keep(system().spawn(noting_build, notes));
    tell(actor, subscribe_run{offset, caf::actor_cast<caf::strong_actor_ptr>(build)});
    return notes;
  }
  void say(const std::string& text) { tell(actor, worker_output{std::make_shared<const std::string>(text)}); }

  std::filesystem::path folder;
  std::shared_ptr<holding_registry> registry = std::make_shared<holding_registry>();
  std::shared_ptr<local_context> context = std::make_shared<local_context>();
  std::shared_ptr<run_end> end = std::make_shared<run_end>();
  local_run_impl actor;
};

} // namespace

TEST_CASE("a subscriber gets what was said before and then what follows", "[run]") {
  one_run house;
  house.say("one");
  house.tell(house.actor, worker_phase{build_state::building, "building"});
  auto notes = house.subscribe(0);
  house.say("two");
  house.tell(house.actor, worker_phase{build_state::pushing, "pushing"});
  REQUIRE(notes->output.size() == 2);
  CHECK(notes->output[0].raw_offset == 0);
  CHECK(notes->output[1].raw_offset == 3);
  CHECK(notes->text() == "onetwo");
  REQUIRE(notes->phases.size() == 2);
  CHECK(notes->phases[0].replayed);
  CHECK_FALSE(notes->phases[1].replayed);
  CHECK(notes->ends.empty());
}

TEST_CASE("a new subscription continues at any offset, amid a piece too", "[run]") {
  one_run house;
  house.say("abcdef");
  house.say("ghi");
  auto first = house.subscribe(0);
  auto second = house.subscribe(4);
  REQUIRE(second->output.size() == 2);
  CHECK(second->output[0].raw_offset == 4);
  CHECK(second->text() == "efghi");
  house.say("jk");
  CHECK(second->text() == "efghijk");
  CHECK(first->text() == "abcdefghi");
  CHECK(house.subscribe(11)->text().empty());
}

TEST_CASE("what is acknowledged is forgotten, in part too, and what is not is kept", "[run]") {
  one_run house;
  house.say("abcdef");
  house.say("ghi");
  auto first = house.subscribe(0);
  house.tell(house.actor, acknowledge_output{2});
  house.tell(house.actor, acknowledge_output{1});
  auto second = house.subscribe(0);
  CHECK(second->output.at(0).raw_offset == 2);
  CHECK(second->text() == "cdefghi");
  house.tell(house.actor, acknowledge_output{9});
  CHECK(house.subscribe(0)->text().empty());
  house.say("jk");
  CHECK(second->text() == "cdefghi");
}

TEST_CASE("a run's end is replayed to whoever subscribes later", "[run]") {
  one_run house;
  house.say("one");
  house.finish_worker();
  house.run();
  auto notes = house.subscribe(0);
  auto again = house.subscribe(0);
  for (const auto& who : {notes, again}) {
    REQUIRE(who->ends.size() == 1);
    CHECK(std::holds_alternative<run_succeeded>(who->ends[0].how));
    CHECK(contains(who->text(), "the workspace image exists by now"));
    REQUIRE(who->phases.size() == 1);
    CHECK(who->phases[0].phase == build_state::verifying);
  }
  house.tell(house.actor, release_run{});
  CHECK(has_ended(house.actor));
}

TEST_CASE("a run that nobody comes for goes after a while", "[run]") {
  one_run house;
  house.finish_worker();
  house.run();
  house.advance(9min);
  CHECK_FALSE(has_ended(house.actor));
  house.advance(1min);
  CHECK(has_ended(house.actor));
}

TEST_CASE("an exception in the worker is the run's failure, not the process's", "[run]") {
  one_run house;
  house.registry->fails = true;
  auto notes = house.subscribe(0);
  house.finish_worker();
  house.run();
  REQUIRE(notes->ends.size() == 1);
  auto& how = std::get<run_failed>(notes->ends[0].how);
  CHECK(how.fault == fault_class::infrastructure);
  CHECK(contains(how.message, "the registry client broke"));
}

TEST_CASE("a run looks for the image, unless the request has just looked for it", "[run]") {
  temp_dir folder;
  auto registry = std::make_shared<holding_registry>();
  registry->missing = true;
  registry->release();
  local_context context;
  context.folders = {folder.path(), folder.path(), folder.path(), folder.path()};
  context.registry = registry;
  auto looks_of_a_run = [&](int attempt, int64_t created_ms) {
    auto plan = make_plan("b1", "registry.example/ws:1");
    plan->created_ms = created_ms;
    auto before = registry->asked_for(plan->workspace_ref);
    auto published = registry->published.load();
    pipeline_events unheard{[](std::string_view) {}, nullptr, [](build_state, const std::string&) {}, {}};
    pipeline steps(context, nullptr, plan, attempt, unheard, {});
    static_cast<void>(io::wait_for(steps.run()));
    CHECK(registry->published == published + 1); // the image is missing
    return registry->asked_for(plan->workspace_ref) - before;
  };
  constexpr int64_t day_ms = 24 * 3600 * 1000;
  CHECK(looks_of_a_run(1, io::unix_ms_now()) == 0);
  CHECK(looks_of_a_run(2, io::unix_ms_now()) == 1);
  CHECK(looks_of_a_run(1, io::unix_ms_now() - day_ms) == 1);
  CHECK(looks_of_a_run(1, io::unix_ms_now() + day_ms) == 1); // the clock was set back
}

TEST_CASE("a run's folder is gone when it has ended, and one without files has none", "[run]") {
  one_run house;
  CHECK_FALSE(std::filesystem::exists(house.folder / "b1-1"));
  std::filesystem::create_directories(house.folder / "b1-1" / "context"); // as a step that needs files does
  house.finish_worker();
  CHECK_FALSE(std::filesystem::exists(house.folder / "b1-1"));
}

TEST_CASE("a run has reached its end once nothing of it is left", "[run]") {
  one_run house;
  CHECK_FALSE(house.end->is_reached());
  house.finish_worker();
  CHECK(house.end->is_reached());
}

TEST_CASE("what a one-time URL answered is given to the journal, which may be restarting", "[run]") {
  one_run house;
  auto store = std::make_shared<moody_store>();
  REQUIRE(keep_now(*store, make_record("b1", "registry.example/ws:1")));
  auto waiting = std::make_shared<const int>();
  std::weak_ptr waits = waiting;
  house.tell(house.actor, worker_answer{"https://once.example/", "user:password", std::move(waiting), 3});
  CHECK_FALSE(waits.expired());
  house.put(names::journal, spawn_journal(house.system(), store));
  house.advance(200ms);
  CHECK(waits.expired());
  house.remove(names::journal);
  CHECK(store->answers == std::vector<std::string>{"b1 https://once.example/ user:password"});
}

TEST_CASE("a run whose journal stays away does not wait for it for ever", "[run]") {
  one_run house;
  auto waiting = std::make_shared<const int>();
  std::weak_ptr waits = waiting;
  house.tell(house.actor, worker_answer{"https://once.example/", "user:password", std::move(waiting), 2});
  house.advance(200ms);
  CHECK_FALSE(waits.expired());
  house.advance(200ms);
  CHECK(waits.expired());
}

TEST_CASE("a stopped run goes no further", "[run]") {
  one_run house;
  house.registry->missing = true;
  auto notes = house.subscribe(0);
  SECTION("because its build says so") { house.tell(house.actor, stop_run{"b1"}); }
  SECTION("because the process ends") { house.context->shutdown.request_stop(); }
  house.finish_worker();
  house.run();
  CHECK(house.registry->published == 0);
  REQUIRE(notes->ends.size() == 1);
  CHECK(std::get<run_failed>(notes->ends[0].how).message == "stopped");
}

TEST_CASE("the worker of a run whose actor crashed goes no further", "[run]") {
  one_run house;
  house.registry->missing = true;
  house.crash(house.actor);
  house.finish_worker();
  CHECK(house.registry->published == 0);
}

TEST_CASE("a run that is not stopped publishes", "[run]") {
  one_run house;
  house.registry->missing = true;
  house.finish_worker();
  CHECK(house.registry->published == 1);
}
