#include "actors/io/fault_injector.hpp"
#include "actors/io/process.hpp"

#include <catch2/catch.hpp>

#include <csignal>
#include <future>
#include <memory>
#include <thread>

using namespace ib;
using namespace ib::io;
using namespace std::chrono_literals;

namespace {

struct troubled {
  std::shared_ptr<actor_board> board = std::make_shared<actor_board>();
  std::shared_ptr<fault_injector> faults = std::make_shared<fault_injector>(board);

  process_spec child(std::vector<std::string> argv) const {
    process_spec spec;
    spec.argv = std::move(argv);
    spec.environment = {{"PATH", "/usr/bin:/bin"}};
    spec.faults = faults.get();
    spec.build_id = "b1";
    return spec;
  }
  uint64_t count(fault_kind kind) const { return faults->tally().count(kind); }
};

} // namespace

TEST_CASE("planned faults meet the operations of their kind in order, and no others", "[faults]") {
  troubled house;
  house.faults->plan(fault_place::git, 2, {0ms, error{error_code::unavailable, "first", "", {}}});
  house.faults->plan(fault_place::git, 1, {5ms, std::nullopt});
  CHECK_FALSE(house.faults->next(fault_place::registry).failure);
  CHECK(house.faults->next(fault_place::git).failure->message == "first");
  CHECK(house.faults->next(fault_place::git).failure->message == "first");
  auto late = house.faults->next(fault_place::git);
  CHECK_FALSE(late.failure);
  CHECK(late.delay == 5ms);
  auto none = house.faults->next(fault_place::git);
  CHECK_FALSE(none.failure);
  CHECK(none.delay == 0ms);
  CHECK(house.count(fault_kind::operation_failed) == 2);
  CHECK(house.count(fault_kind::operation_delayed) == 1);
}

TEST_CASE("cleared faults meet nobody", "[faults]") {
  troubled house;
  house.faults->plan(fault_place::journal, 5, {0ms, error{}});
  house.faults->clear();
  CHECK(meet_faults(house.faults.get(), fault_place::journal, {}));
  CHECK(house.count(fault_kind::operation_failed) == 0);
}

TEST_CASE("without fault points nothing is met", "[faults]") {
  CHECK(meet_faults(nullptr, fault_place::journal, {}));
}

TEST_CASE("a delay ends when its operation is stopped", "[faults]") {
  troubled house;
  house.faults->plan(fault_place::git, 1, {1h, std::nullopt});
  std::stop_source stop;
  stop.request_stop();
  auto met = meet_faults(house.faults.get(), fault_place::git, stop.get_token());
  REQUIRE_FALSE(met);
  CHECK(met.error().code == error_code::cancelled);
}

TEST_CASE("a process that is to fail is not started", "[faults]") {
  troubled house;
  house.faults->plan(fault_place::process, 1,
                     {0ms, error{error_code::internal, "no more processes", "", {}}});
  auto spec = house.child({"sh", "-c", "echo started"});
  bool started = false;
  spec.on_output = [&](std::string_view) { started = true; };
  auto ended = run_process(spec, {});
  REQUIRE_FALSE(ended);
  CHECK(ended.error().message == "no more processes");
  CHECK_FALSE(started);
  ended = run_process(spec, {});
  REQUIRE(ended);
  CHECK(ended->exit_code == 0);
}

TEST_CASE("the child of a build can be killed, and is out of reach once it has ended", "[faults]") {
  troubled house;
  auto spec = house.child({"sh", "-c", "echo here; sleep 1000"});
  size_t killed = 0;
  spec.on_output = [&](std::string_view) {
    CHECK_FALSE(house.faults->kill_child("another"));
    killed = *house.faults->kill_child("b1");
  };
  auto ended = run_process(spec, {});
  REQUIRE(ended);
  CHECK(killed == 1);
  CHECK(ended->signal == SIGKILL);
  CHECK(house.count(fault_kind::child_killed) == 1);
  auto gone = house.faults->kill_child("b1");
  REQUIRE_FALSE(gone);
  CHECK(gone.error().code == error_code::not_found);
}

TEST_CASE("a pipe that nobody reads is read to its end once it is let go", "[faults]") {
  troubled house;
  // The child ends only after it has written more than a pipe holds.
  auto spec = house.child({"sh", "-c", "echo go; head -c 300000 /dev/zero | tr '\\0' x; echo; echo done"});
  std::string text;
  bool held = false;
  spec.on_output = [&](std::string_view piece) {
    if (!std::exchange(held, true)) house.faults->hold_pipe("b1", 200ms);
    text += piece;
  };
  auto ended = run_process(spec, {});
  REQUIRE(ended);
  CHECK(ended->exit_code == 0);
  CHECK(text.size() == 300000 + 3 + 1 + 5);
  CHECK(text.ends_with("done\n"));
  CHECK(house.count(fault_kind::pipe_held) == 1);
}

TEST_CASE("faults for an actor that is not there are refused", "[faults]") {
  troubled house;
  for (auto outcome : {house.faults->kill_actor("house/nobody"),
                       house.faults->throw_in_actor("house/nobody", 1, throw_moment::before),
                       house.faults->hold_mailbox("house/nobody", 1, 1ms)}) {
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().code == error_code::not_found);
  }
  CHECK(house.count(fault_kind::actor_killed) == 0);
}
