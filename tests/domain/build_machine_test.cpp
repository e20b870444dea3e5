#include "actors/domain/build_machine.hpp"

#include <catch2/catch.hpp>

#include <optional>
#include <string>
#include <vector>

using namespace ib;

namespace {

using bs = build_state;

/// What a state x event pair leads to: a next state with effects (one letter each: r start_run, x stop_run, a
/// announce, s finish with success, f finish with failure), or nothing where the event has no meaning.
struct outcome {
  bs next;
  std::string effects;
};
using cell = std::optional<outcome>;

std::string letters(const std::vector<build_effect>& effects) {
  std::string text;
  for (const auto& effect : effects) {
    if (std::holds_alternative<start_run_effect>(effect)) text += 'r';
    if (std::holds_alternative<stop_run_effect>(effect)) text += 'x';
    if (std::holds_alternative<announce_effect>(effect)) text += 'a';
    if (auto* finish = std::get_if<finish_effect>(&effect)) text += finish->success ? 's' : 'f';
  }
  return text;
}

struct named_event {
  const char* name;
  build_event event;
};

const std::vector<named_event>& events() {
  static const std::vector<named_event> all = {
      {"slot granted", slot_granted{}},
      {"phase preparing", phase_changed{bs::preparing, "p"}},
      {"phase building", phase_changed{bs::building, "p"}},
      {"phase pushing", phase_changed{bs::pushing, "p"}},
      {"phase publishing", phase_changed{bs::publishing, "p"}},
      {"phase verifying", phase_changed{bs::verifying, "p"}},
      {"a phase that is none", phase_changed{bs::succeeded, "p"}},
      {"run succeeded", run_succeeded{}},
      {"user failure", run_failed{fault_class::user, "boom"}},
      {"infrastructure failure", run_failed{fault_class::infrastructure, "boom"}},
      {"run lost", run_lost{}},
      {"run interrupted", run_interrupted{}},
      {"cancel", cancel_requested{"no need"}},
      {"time limit", time_limit_reached{"60 min"}},
      {"gave up", gave_up{"cause"}},
  };
  return all;
}

const cell none = std::nullopt;
cell to(bs next, std::string effects = "") { return outcome{next, std::move(effects)}; }

/// Rows: states on their first attempt; columns: events in the order of events().
struct row {
  bs state;
  std::vector<cell> cells;
};

std::vector<row> table() {
  auto fail = to(bs::failed, "f");
  auto stop = to(bs::stopping, "ax");
  auto again = to(bs::preparing, "ar");
  auto give_up = to(bs::failed, "xf");
  auto stay = to(bs::stopping);
  auto p = [](bs state) { return to(state, "a"); };
  return {
      {bs::queued,
       {to(bs::preparing, "ar"), none, none, none, none, none, none, none, none, none, none, none, fail, none,
        fail}},
      {bs::preparing,
       {none, p(bs::preparing), p(bs::building), p(bs::pushing), p(bs::publishing), p(bs::verifying), none,
        fail, fail, again, again, again, stop, stop, give_up}},
      {bs::building,
       {none, none, p(bs::building), p(bs::pushing), p(bs::publishing), p(bs::verifying), none, fail, fail,
        again, again, again, stop, stop, give_up}},
      {bs::pushing,
       {none, none, none, p(bs::pushing), p(bs::publishing), p(bs::verifying), none, fail, fail, again, again,
        again, stop, stop, give_up}},
      {bs::publishing,
       {none, none, none, none, p(bs::publishing), p(bs::verifying), none, fail, fail, again, again, again,
        stop, stop, give_up}},
      {bs::verifying,
       {none, none, none, none, none, p(bs::verifying), none, to(bs::succeeded, "s"), fail, again, again,
        again, stop, stop, give_up}},
      {bs::stopping,
       {none, stay, stay, stay, stay, stay, stay, fail, fail, fail, fail, fail, stay, stay, fail}},
      {bs::succeeded, std::vector<cell>(15, none)},
      {bs::failed, std::vector<cell>(15, none)},
  };
}

machine_state first_attempt(bs state) { return {state, state == bs::queued ? 0 : 1, "the stop reason"}; }

std::string message_of(const machine_step& step) {
  for (const auto& effect : step.effects)
    if (auto* finish = std::get_if<finish_effect>(&effect)) return finish->message;
  return "";
}

} // namespace

TEST_CASE("every state answers every event as the table says") {
  for (const auto& line : table()) {
    REQUIRE(line.cells.size() == events().size());
    for (size_t i = 0; i < line.cells.size(); ++i) {
      INFO(to_string(line.state) << " x " << events()[i].name);
      auto current = first_attempt(line.state);
      auto step = transition(current, events()[i].event);
      REQUIRE(step.has_value() == line.cells[i].has_value());
      if (!step) {
        CHECK(step.error().code == error_code::failed_precondition);
        CHECK(step.error().message.find(to_string(line.state)) != std::string::npos);
        continue;
      }
      CHECK(step->next.state == line.cells[i]->next);
      CHECK(letters(step->effects) == line.cells[i]->effects);
    }
  }
}

TEST_CASE("the table has a row for every state") {
  CHECK(table().size() == static_cast<size_t>(bs::failed) + 1);
}

TEST_CASE("an infrastructure failure is retried once and then ends the build with its message") {
  auto first =
      transition({bs::building, 1, ""}, run_failed{fault_class::infrastructure, "registry answered 503"});
  REQUIRE(first);
  CHECK(first->next.attempt == 2);
  CHECK(std::get<announce_effect>(first->effects[0]).message == "registry answered 503; trying once more");
  CHECK(std::get<start_run_effect>(first->effects[1]).attempt == 2);
  auto second = transition(first->next, run_failed{fault_class::infrastructure, "registry answered 503"});
  REQUIRE(second);
  CHECK(second->next.state == bs::failed);
  CHECK(message_of(*second) == "registry answered 503");
  REQUIRE(second->next.failure);
  CHECK(second->next.failure->fault == fault_class::infrastructure);
}

TEST_CASE("a run that goes on by itself is remembered until the next one") {
  auto step = transition({bs::preparing, 1, ""}, phase_changed{bs::preparing, "requested", true});
  REQUIRE(step);
  CHECK(step->next.begun);
  step = transition(step->next, phase_changed{bs::building, "building"});
  REQUIRE(step);
  CHECK(step->next.begun);
  step = transition(step->next, run_lost{});
  REQUIRE(step);
  CHECK_FALSE(step->next.begun);
}

TEST_CASE("an infrastructure failure that another run would not mend is final") {
  run_failed why{fault_class::infrastructure, "the cluster is full"};
  why.final = true;
  auto step = transition({bs::building, 1, ""}, why);
  REQUIRE(step);
  CHECK(step->next.state == bs::failed);
  CHECK(message_of(*step) == "the cluster is full");
  REQUIRE(step->next.failure);
  CHECK(step->next.failure->fault == fault_class::infrastructure);
}

TEST_CASE("a lost run is begun again without using up the retry, but not for ever") {
  machine_state current{bs::pushing, 2, ""};
  current.retries = max_retries;
  for (int i = 0; i < max_losses; ++i) {
    current.state = bs::pushing;
    auto again = transition(current, run_lost{});
    REQUIRE(again);
    REQUIRE(again->next.state == bs::preparing);
    CHECK(std::get<announce_effect>(again->effects[0]).message ==
          "the build's run was lost while pushing; building anew");
    CHECK(again->next.retries == max_retries);
    CHECK(again->next.attempt == current.attempt + 1);
    current = again->next;
  }
  current.state = bs::pushing;
  auto last = transition(current, run_lost{});
  REQUIRE(last);
  CHECK(last->next.state == bs::failed);
  CHECK(message_of(*last) == "the build's run was lost while pushing, as 8 before it");
}

TEST_CASE("restarts of the service cost a build nothing, however many they are") {
  machine_state current{bs::building, 1, ""};
  for (int i = 0; i < 1000; ++i) {
    auto again = transition(current, run_interrupted{});
    REQUIRE(again);
    CHECK(std::get<announce_effect>(again->effects[0]).message ==
          "the service was restarted while building; building anew");
    current = again->next;
    current.state = bs::building;
  }
  CHECK(current.attempt == 1001);
  auto retried = transition(current, run_failed{fault_class::infrastructure, "registry answered 503"});
  REQUIRE(retried);
  CHECK(retried->next.state == bs::preparing);
}

TEST_CASE("a failure keeps its place beside its message") {
  failure_place place{7, "RUN make", {"cc -c a.c", "make: *** [all] Error 1"}};
  auto step =
      transition({bs::building, 1, ""}, run_failed{fault_class::user, "build failed: RUN make", place});
  REQUIRE(step);
  REQUIRE(step->next.failure);
  CHECK(step->next.failure->fault == fault_class::user);
  CHECK(step->next.failure->where == place);
}

TEST_CASE("a user's failure is never retried") {
  auto step = transition({bs::building, 1, ""}, run_failed{fault_class::user, "build failed: step 3"});
  REQUIRE(step);
  CHECK(message_of(*step) == "build failed: step 3");
}

TEST_CASE("success without verification is a failure that clients know") {
  auto step = transition({bs::publishing, 1, ""}, run_succeeded{});
  REQUIRE(step);
  CHECK(message_of(*step) == "image build did not produce a workspace image");
}

TEST_CASE("a stopped build ends with the reason to stop however its run ends") {
  auto cancelled = transition({bs::building, 1, ""}, cancel_requested{"no need"});
  REQUIRE(cancelled);
  for (const build_event& end :
       {build_event(run_succeeded{}), build_event(run_lost{}),
        build_event(run_failed{fault_class::user, "boom"}), build_event(gave_up{"c"})}) {
    auto step = transition(cancelled->next, end);
    REQUIRE(step);
    CHECK(message_of(*step) == "build cancelled: no need");
  }
  auto late = transition({bs::building, 1, ""}, time_limit_reached{"60 min"});
  REQUIRE(late);
  auto ended = transition(late->next, run_lost{});
  REQUIRE(ended);
  CHECK(message_of(*ended) == "build exceeded its time limit of 60 min while building");
}

TEST_CASE("a queued build is cancelled without a run") {
  auto step = transition({bs::queued, 0, ""}, cancel_requested{"no need"});
  REQUIRE(step);
  CHECK(step->effects.size() == 1);
  CHECK(message_of(*step) == "build cancelled: no need");
}

TEST_CASE("names of states, faults and events are distinct") {
  CHECK(std::string(to_string(bs::verifying)) == "verifying");
  CHECK(std::string(to_string(fault_class::user)) == "user");
  CHECK(std::string(name_of(build_event(run_lost{}))) == "run_lost");
  CHECK(is_terminal(bs::failed));
  CHECK(!is_terminal(bs::stopping));
  CHECK(!has_run(bs::stopping));
}
