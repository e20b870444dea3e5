// Long on purpose: one director, told from every side.
#include "actors/director.hpp"

#include "actors/first_run.hpp"
#include "actors/journal_keeper.hpp"
#include "tests/actors/fakes.hpp"

#include <catch2/catch.hpp>
#include <prometheus/counter.h>

using namespace ib;
using namespace ib::test;
using namespace std::chrono_literals;

namespace {

/// To the hesitant journal: answer everyone who waits.
struct make_up_your_mind {
  result<void> outcome;
};

} // namespace

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(make_up_your_mind)

namespace {

struct hesitation {
  std::vector<caf::typed_response_promise<journal_kept>> held;
  std::vector<build_record> created;
  bool has_kept = false; ///< all of them, without a word
};
using hesitant_actor = journal_actor::extend<caf::reacts_to<make_up_your_mind>>;

/// A journal that does not answer what it is to keep until it is told to.
hesitant_actor::behavior_type hesitant_journal(hesitant_actor::pointer self, hesitation* how) {
  return {
      [self, how](const journal_create& m) {
        how->created.push_back(m.record);
        how->held.push_back(self->make_response_promise<journal_kept>());
        return how->held.back();
      },
      [](const journal_advance&) { return journal_kept{}; },
      [](const journal_append&) { return journal_kept{}; },
      [](const journal_find&) {
        return journal_found{error{error_code::not_found, "", "", {}}};
      },
      [how](const journal_list_unfinished&) {
        return journal_unfinished{how->has_kept ? how->created : std::vector<build_record>{}};
      },
      [](const journal_describe&) {
        return journal_described{error{error_code::not_found, "", "", {}}};
      },
      [](const journal_list&) { return journal_listed{build_page{}}; },
      [](const journal_note_request&) {},
      [](const journal_note_answer&) { return journal_kept{result<void>()}; },
      [how](const make_up_your_mind& m) {
        for (auto& answer : how->held)
          answer.deliver(journal_kept{m.outcome});
      },
  };
}

/// What the director told one build.
struct build_ear {
  std::vector<std::string> told; ///< "run", "cancel REASON" or the number of builds ahead
};

build_actor::behavior_type listening_build(build_actor::pointer, const std::shared_ptr<build_ear>& ear) {
  return {
      [ear](const run_now&) { ear->told.emplace_back("run"); },
      [](const introduce_yourself&) {},
      [ear](const queue_place& m) { ear->told.push_back(std::to_string(m.builds_ahead)); },
      [ear](const cancel_build& m) {
        ear->told.push_back("cancel " + m.reason);
        return cancel_answer{result<void>{}};
      },
      [](const run_output&) {},
      [](const run_phase&) {},
      [](const run_note&) {},
      [](const run_log_access&) {},
      [](const run_ended&) {},
  };
}

build_supervisor_actor::behavior_type
listening_supervisor(build_supervisor_actor::pointer, const std::shared_ptr<std::vector<std::string>>& ids) {
  return {[ids](const start_build& m) { ids->push_back(m.build_id); }};
}

struct admission : house_fixture {
  explicit admission(queue_limits limits = {2, 10}) {
    settings.limits = limits;
    put(names::journal, spawn_journal(system(), store));
    put(names::builds, system().spawn(listening_supervisor, started));
    spawn();
  }
  void spawn() {
    actor = put(names::director, system().spawn(director, board, settings));
    run();
  }

  pending_ptr<build_admitted> wish(const std::string& id, const std::string& ref,
                                   const std::string& owner = "someone", uint64_t seen_epoch = 0,
                                   bool force = false) {
    auto plan = make_plan(id, ref, owner);
    plan->force_rebuild = force;
    return ask<build_admitted>(actor, admit_build{plan, seen_epoch});
  }
  pending_ptr<build_admitted> admit(const std::string& id, const std::string& ref,
                                    const std::string& owner = "someone", uint64_t seen_epoch = 0,
                                    bool force = false) {
    auto answer = wish(id, ref, owner, seen_epoch, force);
    run();
    return answer;
  }
  /// The build's actor comes up.
  std::shared_ptr<build_ear> ready(const std::string& id) {
    auto ear = std::make_shared<build_ear>();
    auto build = keep(system().spawn(listening_build, ear));
    tell(actor, build_ready{id, caf::actor_cast<caf::strong_actor_ptr>(build)});
    return ear;
  }
  void end(const std::string& id, bool success, int64_t run_ms = 1000) {
    tell(actor, build_ended{id, success, run_ms});
  }
  std::vector<std::string> listed() {
    std::vector<std::string> ids;
    for (const auto& channel : board->read()->channels())
      ids.push_back(channel->identity().build_id);
    return ids;
  }

  std::shared_ptr<moody_store> store = std::make_shared<moody_store>();
  std::shared_ptr<running_builds_board> board = std::make_shared<running_builds_board>();
  std::shared_ptr<std::vector<std::string>> started = std::make_shared<std::vector<std::string>>();
  director_settings settings;
  director_actor actor;
};

std::string id_of(const pending_ptr<build_admitted>& answer) {
  REQUIRE(answer->answer);
  REQUIRE(answer->answer->channel);
  return (*answer->answer->channel)->identity().build_id;
}

using strings = std::vector<std::string>;

} // namespace

TEST_CASE("one build per reference: everyone else joins it", "[director]") {
  admission house;
  auto first = house.admit("b1", "r/ws:1");
  auto second = house.admit("b2", "r/ws:1");
  auto other = house.admit("b3", "r/ws:2");
  CHECK(id_of(first) == "b1");
  CHECK_FALSE(first->answer->joined);
  CHECK(id_of(second) == "b1");
  CHECK(second->answer->joined);
  CHECK(id_of(other) == "b3");
  CHECK(*house.started == strings{"b1", "b3"});
  CHECK(house.listed() == strings{"b1", "b3"});
}

TEST_CASE("who followed a build without asking is counted like everyone who joined it", "[director]") {
  admission house;
  house.admit("b1", "r/ws:1");
  house.admit("b2", "r/ws:1");
  for (auto* who : {"someone", "somebody else"})
    if (house.board->joins().add({"b1", who, {}})) house.tell(house.actor, joins_noted{});
  house.advance(std::chrono::milliseconds(20));
  CHECK(house.settings.meter->builds_joined.Value() == 3);
  CHECK(*house.started == strings{"b1"});
}

TEST_CASE("a hundred askers at the same moment get one build", "[director]") {
  admission house;
  std::vector<pending_ptr<build_admitted>> answers;
  for (int i = 0; i < 100; ++i)
    answers.push_back(house.wish("b" + std::to_string(i), "r/ws:1"));
  house.run();
  auto chosen = id_of(answers[0]);
  size_t starters = 0;
  for (const auto& answer : answers) {
    CHECK(id_of(answer) == chosen);
    if (!answer->answer->joined) ++starters;
  }
  CHECK(starters == 1);
  CHECK(house.store->created.size() == 1);
}

TEST_CASE("who joins before the journal has answered waits for it and is answered with it", "[director]") {
  admission house;
  hesitation how;
  auto& held = how.held;
  auto journal = house.put(names::journal, house.system().spawn(hesitant_journal, &how));
  auto first = house.admit("b1", "r/ws:1");
  auto second = house.admit("b2", "r/ws:1");
  CHECK_FALSE(first->answer);
  CHECK_FALSE(second->answer);
  CHECK(house.listed().empty());
  CHECK(house.started->empty());
  REQUIRE(held.size() == 1);

  SECTION("both get the build") {
    house.tell(journal, make_up_your_mind{});
    CHECK(id_of(first) == "b1");
    CHECK(id_of(second) == "b1");
    CHECK_FALSE(first->answer->joined);
    CHECK(second->answer->joined);
    CHECK(*house.started == strings{"b1"});
  }
  SECTION("both are refused where the journal refuses, and the reference is free again") {
    house.tell(journal, make_up_your_mind{error{error_code::internal, "disk full", "", {}}});
    for (const auto& answer : {first, second}) {
      REQUIRE(answer->answer);
      REQUIRE_FALSE(answer->answer->channel);
      CHECK(answer->answer->channel.error().message == "disk full");
    }
    CHECK(house.started->empty());
    house.admit("b3", "r/ws:1");
    CHECK(held.size() == 2);
  }
  SECTION("both are refused where the journal says nothing in time") {
    house.advance(31s);
    REQUIRE(second->answer);
    REQUIRE_FALSE(second->answer->channel);
    CHECK(second->answer->channel.error().code == error_code::unavailable);
  }
  held.clear();
}

TEST_CASE("a build that the journal gives no word of holds its slot until the books tell", "[director]") {
  admission house({1, 10});
  hesitation how;
  auto journal = house.put(names::journal, house.system().spawn(hesitant_journal, &how));
  auto first = house.admit("b1", "r/ws:1");
  house.advance(30s);
  REQUIRE(first->answer);
  CHECK_FALSE(first->answer->channel);
  house.admit("b2", "r/ws:2");
  CHECK(how.created.back().machine.state == build_state::queued);
  auto again = house.admit("b3", "r/ws:1");
  CHECK_FALSE(again->answer);

  SECTION("it is there and is started, and who asked again has joined it") {
    how.has_kept = true;
    house.advance(1s);
    CHECK(id_of(again) == "b1");
    CHECK(house.started->front() == "b1");
    CHECK(house.board->read()->find_reference("r/ws:1"));
  }
  SECTION("it is not there and gives its slot to the next") {
    house.advance(1s);
    REQUIRE(again->answer);
    CHECK_FALSE(again->answer->channel);
    CHECK(house.started->empty());
    house.tell(journal, make_up_your_mind{});
    CHECK(house.ready("b2")->told == strings{"run"});
  }
  how.held.clear();
}

TEST_CASE("a build is told to run when it is ready and holds a slot, else its place", "[director]") {
  admission house({1, 10});
  house.admit("b1", "r/ws:1");
  house.admit("b2", "r/ws:2");
  house.admit("b3", "r/ws:3");
  CHECK(house.ready("b1")->told == strings{"run"});
  auto second = house.ready("b2");
  auto third = house.ready("b3");
  CHECK(second->told == strings{"0"});
  CHECK(third->told == strings{"1"});
  house.end("b1", true);
  CHECK(second->told == strings{"0", "run"});
  CHECK(third->told == strings{"1", "0"});
  CHECK(house.listed() == strings{"b2", "b3"});
}

TEST_CASE("a build that finds a slot free is kept with its first step taken, one that waits is not",
          "[director]") {
  admission house({1, 10});
  auto first = house.admit("b1", "r/ws:1");
  auto second = house.admit("b2", "r/ws:2");
  auto runs = house.store->find("b1");
  CHECK(runs->machine.state == build_state::preparing);
  CHECK(runs->machine.attempt == 1);
  CHECK(house.store->describe("b1")->steps.size() == 1);
  CHECK(messages(**first->answer->channel) == strings{"starting"});
  CHECK(house.store->find("b2")->machine.state == build_state::queued);
  CHECK(messages(**second->answer->channel).empty());
}

TEST_CASE("a build that only introduces itself is not told its place", "[director]") {
  admission house;
  house.admit("b1", "r/ws:1");
  auto ear = std::make_shared<build_ear>();
  auto build = house.keep(house.system().spawn(listening_build, ear));
  house.tell(house.actor, build_ready{"b1", caf::actor_cast<caf::strong_actor_ptr>(build), false});
  CHECK(ear->told.empty());
  auto cancelled = house.ask<cancel_answer>(house.actor, cancel_build{"b1", "enough"});
  house.run();
  CHECK(ear->told == strings{"cancel enough"});
  CHECK(cancelled->answer);
}

TEST_CASE("owners take turns, whoever queued more", "[director]") {
  admission house({1, 10});
  house.admit("b0", "r/ws:0", "greedy");
  house.admit("b1", "r/ws:1", "greedy");
  house.admit("b2", "r/ws:2", "greedy");
  house.admit("b3", "r/ws:3", "modest");
  auto first = house.ready("b1");
  auto second = house.ready("b2");
  auto modest = house.ready("b3");
  CHECK(first->told.back() == "0");
  CHECK(modest->told.back() == "1");
  CHECK(second->told.back() == "2");
  auto waiting = [&] {
    std::vector<std::string> ids;
    for (const auto& one : house.board->read()->queue)
      ids.push_back(one.build_id);
    return ids;
  };
  CHECK(waiting() == std::vector<std::string>{"b1", "b3", "b2"});
  house.end("b0", true);
  CHECK(waiting() == std::vector<std::string>{"b3", "b2"});
  CHECK(first->told.back() == "run");
  house.end("b1", true);
  CHECK(modest->told.back() == "run");
  CHECK(second->told.back() == "0");
}

TEST_CASE("a full queue refuses with the limit's name and starts nothing", "[director]") {
  admission house({1, 1});
  house.admit("b1", "r/ws:1");
  house.admit("b2", "r/ws:2");
  auto refused = house.admit("b3", "r/ws:3");
  REQUIRE(refused->answer);
  REQUIRE_FALSE(refused->answer->channel);
  CHECK(refused->answer->channel.error().code == error_code::resource_exhausted);
  CHECK(contains(refused->answer->channel.error().message, "limit of queued builds"));
  CHECK(house.store->created == strings{"b1", "b2"});
  CHECK(id_of(house.admit("b4", "r/ws:2")) == "b2");
  house.end("b1", true);
  CHECK(id_of(house.admit("b5", "r/ws:3")) == "b5");
}

TEST_CASE("a success that ended after the asker looked is joined, an older one is not", "[director]") {
  admission house;
  house.admit("b1", "r/ws:1");
  auto before = house.board->read()->epoch;
  house.end("b1", true);
  auto after = house.board->read()->epoch;
  CHECK(after > before);
  auto late = house.admit("b2", "r/ws:1", "someone", before);
  CHECK(id_of(late) == "b1");
  CHECK(late->answer->joined);
  CHECK(id_of(house.admit("b3", "r/ws:1", "someone", after)) == "b3");
}

TEST_CASE("a failed build is not joined after its end", "[director]") {
  admission house;
  house.admit("b1", "r/ws:1");
  house.end("b1", false);
  CHECK(id_of(house.admit("b2", "r/ws:1", "someone", 0)) == "b2");
}

TEST_CASE("a forced rebuild joins a running build but no finished one", "[director]") {
  admission house;
  house.admit("b1", "r/ws:1");
  CHECK(id_of(house.admit("b2", "r/ws:1", "someone", 0, true)) == "b1");
  house.end("b1", true);
  CHECK(id_of(house.admit("b3", "r/ws:1", "someone", 0, true)) == "b3");
}

TEST_CASE("the estimate follows from the builds that ended", "[director]") {
  admission house({1, 10});
  house.admit("b1", "r/ws:1");
  house.admit("b2", "r/ws:2");
  house.admit("b3", "r/ws:3");
  house.end("b1", true, 60'000);
  std::optional<int64_t> estimate;
  auto build =
      house.keep(house.system().spawn([&estimate](build_actor::pointer) -> build_actor::behavior_type {
        return {[](const run_now&) {},
                [](const introduce_yourself&) {},
                [&estimate](const queue_place& m) { estimate = m.estimate_ms; },
                [](const cancel_build&) { return cancel_answer{result<void>{}}; },
                [](const run_output&) {},
                [](const run_phase&) {},
                [](const run_note&) {},
                [](const run_log_access&) {},
                [](const run_ended&) {}};
      }));
  house.tell(house.actor, build_ready{"b3", caf::actor_cast<caf::strong_actor_ptr>(build)});
  REQUIRE(estimate);
  CHECK(*estimate == 60'000);
  REQUIRE(house.board->read()->queue.size() == 1);
  CHECK(house.board->read()->queue.front().estimate_ms == 60'000);
}

TEST_CASE("a wish to cancel reaches the build, or says why not", "[director]") {
  admission house;
  house.admit("b1", "r/ws:1");
  auto early = house.ask<cancel_answer>(house.actor, cancel_build{"b1", "early"});
  auto unknown = house.ask<cancel_answer>(house.actor, cancel_build{"b9", "why"});
  house.run();
  CHECK_FALSE(early->answer);
  REQUIRE(unknown->answer);
  CHECK(unknown->answer->outcome.error().code == error_code::not_found);
  auto ear = house.ready("b1");
  auto done = house.ask<cancel_answer>(house.actor, cancel_build{"b1", "why"});
  house.run();
  REQUIRE(early->answer);
  CHECK(early->answer->outcome);
  REQUIRE(done->answer);
  CHECK(done->answer->outcome);
  CHECK(ear->told == std::vector<std::string>{"cancel early", "run", "cancel why"});
}

TEST_CASE("a wish to cancel is answered although the build ends before it hears of it", "[director]") {
  admission house;
  house.admit("b1", "r/ws:1");
  auto early = house.ask<cancel_answer>(house.actor, cancel_build{"b1", "early"});
  house.run();
  house.end("b1", false);
  REQUIRE(early->answer);
  CHECK(early->answer->outcome.error().code == error_code::failed_precondition);
}

TEST_CASE("a wish to cancel that meets a crash is to be tried again, and one that meets the end is too late",
          "[director]") {
  const bool has_ended = GENERATE(false, true);
  admission house;
  house.admit("b1", "r/ws:1");
  auto build = house.keep(house.system().spawn([](build_actor::pointer self) -> build_actor::behavior_type {
    return {[](const run_now&) {},
            [](const introduce_yourself&) {},
            [](const queue_place&) {},
            [self](const cancel_build&) {
              self->quit(caf::exit_reason::kill);
              return self->make_response_promise<cancel_answer>();
            },
            [](const run_output&) {},
            [](const run_phase&) {},
            [](const run_note&) {},
            [](const run_log_access&) {},
            [](const run_ended&) {}};
  }));
  house.tell(house.actor, build_ready{"b1", caf::actor_cast<caf::strong_actor_ptr>(build)});
  if (has_ended) house.board->read()->find("b1")->publish({build_status::success, ""});
  auto unheard = house.ask<cancel_answer>(house.actor, cancel_build{"b1", "why"});
  house.run();
  house.advance(ask_timeout);
  REQUIRE(unheard->answer);
  CHECK(unheard->answer->outcome.error().code ==
        (has_ended ? error_code::failed_precondition : error_code::unavailable));
}

TEST_CASE("a build is started by a supervisor that its name does not lead to yet", "[director]") {
  admission house;
  house.remove(names::builds);
  SECTION("when it is admitted") { house.admit("b1", "r/ws:1"); }
  SECTION("when it is found in the journal") {
    REQUIRE(keep_now(*house.store, make_record("b1", "r/ws:1")));
    house.spawn();
  }
  house.advance(1s);
  CHECK(house.started->empty());
  house.put(names::builds, house.system().spawn(listening_supervisor, house.started));
  house.advance(1s);
  CHECK(*house.started == strings{"b1"});
  house.advance(10s);
  CHECK(*house.started == strings{"b1"});
}

TEST_CASE("messages about builds nobody knows change nothing", "[director]") {
  admission house;
  house.admit("b1", "r/ws:1");
  auto epoch = house.board->read()->epoch;
  house.end("b9", true);
  CHECK(house.ready("b9")->told.empty());
  CHECK(house.board->read()->epoch == epoch);
  CHECK(house.listed() == strings{"b1"});
}

TEST_CASE("a restarted director finds its builds, their order and their slots in the journal", "[director]") {
  admission house({1, 10});
  house.admit("b1", "r/ws:1");
  house.admit("b2", "r/ws:2");
  REQUIRE(house.store->advance("b1", {build_state::building, 1, ""}, {}, {}));
  REQUIRE(house.store->commit());
  house.end("b9", true);
  auto epoch = house.board->read()->epoch;
  house.started->clear();
  house.crash(house.actor);
  house.spawn();
  CHECK(*house.started == strings{"b1", "b2"});
  CHECK(house.listed() == strings{"b1", "b2"});
  CHECK(house.board->read()->epoch == epoch);
  CHECK(id_of(house.admit("b3", "r/ws:1")) == "b1");
  CHECK(house.ready("b2")->told == strings{"0"});
  CHECK(house.ready("b1")->told == strings{"run"});
}

TEST_CASE("a restarted director gives no slot that a running build holds", "[director]") {
  admission house({1, 10});
  house.admit("first", "r/ws:0");
  house.admit("older", "r/ws:1", "greedy");
  house.admit("newer", "r/ws:2", "modest");
  // By turns the newer one came to run before the older one.
  REQUIRE(house.store->advance("first", {build_state::failed, 1, ""}, {}, {}));
  REQUIRE(house.store->advance("newer", {build_state::building, 1, ""}, {}, {}));
  REQUIRE(house.store->commit());
  house.crash(house.actor);
  house.spawn();
  CHECK(house.ready("older")->told == strings{"0"});
}

TEST_CASE("a restarted director believes a build that has begun before the books tell", "[director]") {
  admission house({1, 10});
  house.admit("first", "r/ws:0");
  house.admit("begun", "r/ws:1");
  REQUIRE(house.store->advance("first", {build_state::failed, 1, ""}, {}, {}));
  REQUIRE(house.store->commit());
  house.settings.limits = {0, 10};
  house.crash(house.actor);
  house.spawn();
  REQUIRE(house.board->read()->queue.size() == 1);
  auto build = house.keep(house.system().spawn(listening_build, std::make_shared<build_ear>()));
  house.tell(house.actor, build_ready{"begun", caf::actor_cast<caf::strong_actor_ptr>(build), false});
  CHECK(house.board->read()->queue.empty());
}

TEST_CASE("the first run of an admitted build is unheard of until its next step", "[director]") {
  admission house;
  house.admit("b1", "r/ws:1");
  auto found = house.store->find("b1");
  CHECK(is_first_run_unheard_of(*found));
  REQUIRE(house.store->advance("b1", {build_state::building, 1, ""}, {}, {}));
  REQUIRE(house.store->commit());
  CHECK_FALSE(is_first_run_unheard_of(*house.store->find("b1")));
}

TEST_CASE("a restarted director takes back every queued build, even above the limit", "[director]") {
  admission house({1, 2});
  house.admit("b1", "r/ws:1");
  house.admit("b2", "r/ws:2");
  house.admit("b3", "r/ws:3");
  house.settings.limits = {1, 0};
  house.crash(house.actor);
  house.spawn();
  CHECK(house.listed() == strings{"b1", "b2", "b3"});
  // They are not all let run for it.
  CHECK(house.ready("b1")->told == strings{"run"});
  CHECK(house.ready("b2")->told == strings{"0"});
  CHECK(house.ready("b3")->told == strings{"1"});
}

TEST_CASE("a director that dies does not answer, and the build it started is found again", "[director]") {
  admission house;
  auto first = house.wish("b1", "r/ws:1");
  caf::anon_send(house.actor, build_ended{"b9", false, 0});
  house.run();
  house.crash(house.actor);
  auto lost = house.admit("b2", "r/ws:2");
  CHECK(lost->failed);
  house.spawn();
  CHECK(id_of(house.admit("b3", "r/ws:1")) == "b1");
}

TEST_CASE("whoever waits for a director that crashes is told at once", "[director]") {
  admission house;
  house.admit("b1", "r/ws:1");
  auto cancelled = house.ask<cancel_answer>(house.actor, cancel_build{"b1", "why"});
  house.run();
  house.remove(names::journal);
  auto admitted = house.admit("b2", "r/ws:2");
  house.crash(house.actor);
  CHECK(cancelled->failed);
  CHECK(admitted->failed);
}

TEST_CASE("a director without a journal refuses, and takes back its builds once it is there", "[director]") {
  admission house;
  house.admit("b1", "r/ws:1");
  house.remove(names::journal);
  house.crash(house.actor);
  house.spawn();
  auto refused = house.admit("b2", "r/ws:2");
  REQUIRE(refused->answer);
  REQUIRE_FALSE(refused->answer->channel);
  CHECK(refused->answer->channel.error().code == error_code::unavailable);
  CHECK(house.settings.health->read()->count(health_names::recovery) == 1);
  house.put(names::journal, spawn_journal(house.system(), house.store));
  house.advance(1s);
  CHECK(house.settings.health->is_ready());
  CHECK(house.listed() == strings{"b1"});
  CHECK(id_of(house.admit("b3", "r/ws:1")) == "b1");
}

TEST_CASE("a journal that restarts while it keeps a build keeps it once", "[director]") {
  admission house;
  house.remove(names::journal);
  auto answer = house.wish("b1", "r/ws:1");
  house.run();
  CHECK_FALSE(answer->answer);
  house.put(names::journal, spawn_journal(house.system(), house.store));
  house.advance(1s);
  CHECK(id_of(answer) == "b1");
  CHECK(house.store->unfinished()->size() == 1);
}

TEST_CASE("a build that runs elsewhere is taken over once, above every limit", "[director]") {
  admission house({1, 0});
  house.admit("b1", "r/ws:1");
  for (int i = 0; i < 2; ++i)
    house.tell(house.actor, adopt_build{make_plan("b2", "r/ws:2")});
  CHECK(house.listed() == strings{"b1", "b2"});
  CHECK(house.ready("b2")->told == strings{"run"});
  CHECK(house.store->unfinished()->size() == 2);
}
