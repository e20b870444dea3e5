#include "actors/observe.hpp"

#include "tests/actors/house_fixture.hpp"

#include <catch2/catch.hpp>

using namespace ib;
using namespace ib::test;

namespace ib::test {

struct add_one {};
struct ask_sum {};
struct sum_answer {
  int sum = 0;
};

using adder_actor = caf::typed_actor<caf::reacts_to<add_one>, caf::replies_to<ask_sum>::with<sum_answer>>;

/// Counts into a place that outlives it.
adder_actor::behavior_type adder(adder_actor::pointer self, int* sum, std::string path) {
  auto seen = enter_board(self, "adder", path);
  return seen.observe([sum](const add_one&) { ++*sum; }, [sum](const ask_sum&) { return sum_answer{*sum}; });
}

} // namespace ib::test

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::test::add_one)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::test::ask_sum)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::test::sum_answer)

namespace {

struct adder_house : house_fixture {
  std::shared_ptr<io::actor_board> board = actor_board_of(system());
  int sum = 0;

  adder_actor start() {
    auto one = keep(system().spawn(adder, &sum, std::string("house/adder")));
    run();
    return one;
  }
  void add(const adder_actor& who, int times = 1) {
    for (int i = 0; i < times; ++i)
      caf::anon_send(who, add_one{});
    run();
  }
  std::shared_ptr<io::actor_probe> probe() {
    auto probes = board->probes("house/adder");
    REQUIRE(probes.size() == 1);
    return probes.front();
  }
  io::actor_entry entry() {
    auto entries = board->read();
    REQUIRE(entries.size() == 1);
    return entries.front();
  }
};

} // namespace

TEST_CASE("the board tells an actor's path, parent, kind and how many messages it took", "[observe]") {
  adder_house house;
  auto one = house.start();
  for (int i = 0; i < 3; ++i)
    caf::anon_send(one, add_one{});
  house.run();
  auto entry = house.entry();
  CHECK(entry.path == "house/adder");
  CHECK(entry.parent() == "house");
  CHECK(entry.kind == "adder");
  CHECK(entry.alive);
  CHECK(entry.handled == 3);
  CHECK(entry.crashes == 0);
  CHECK_FALSE(entry.busy);
}

TEST_CASE("an actor that ends leaves the board", "[observe]") {
  adder_house house;
  auto one = house.start();
  house.send_exit(one, caf::exit_reason::user_shutdown);
  CHECK(house.board->read().empty());
  CHECK(house.board->crashes_by_kind() == std::map<std::string, uint64_t>{{"adder", 0}});
}

TEST_CASE("a crashed actor stays on the board with its reason until it is started again", "[observe]") {
  adder_house house;
  house.start();
  CHECK(house.board->kill("house/adder", "killed by a test") == 1);
  house.run();
  CHECK_FALSE(house.entry().alive);
  CHECK(house.entry().last_error.find("killed by a test") != std::string::npos);
  house.start();
  CHECK(house.entry().alive);
  CHECK(house.entry().crashes == 1);
  CHECK(house.board->crashes_by_kind() == std::map<std::string, uint64_t>{{"adder", 1}});
}

TEST_CASE("a successor that is quicker than the end of the crashed one inherits its crashes", "[observe]") {
  io::actor_board board;
  auto first = board.enter("house/x", "x", nullptr);
  auto second = board.enter("house/x", "x", nullptr);
  board.leave(first, "broke");
  auto entries = board.read();
  REQUIRE(entries.size() == 1);
  CHECK(entries[0].alive);
  CHECK(entries[0].crashes == 1);
  CHECK(entries[0].last_error == "broke");
  board.leave(second, std::nullopt);
  CHECK(board.read().empty());
}

TEST_CASE("the board does not remember crashes without end", "[observe]") {
  io::actor_board board;
  for (int i = 0; i < 1000; ++i)
    board.leave(board.enter("house/builds/" + std::to_string(i), "build", nullptr), "broke");
  CHECK(board.read().size() == 100);
  CHECK(board.crashes_by_kind().at("build") == 1000);
}

TEST_CASE("an actor that is killed where nobody is found is nobody", "[observe]") {
  io::actor_board board;
  CHECK(board.kill("house/nobody", "why") == 0);
  CHECK(board.probes("house/nobody").empty());
}

TEST_CASE("an injected exception before the work loses the message and ends the actor", "[observe]") {
  adder_house house;
  auto one = house.start();
  house.probe()->arm_throw(1, io::throw_moment::before);
  house.add(one);
  CHECK(house.sum == 0);
  CHECK_FALSE(house.entry().alive);
}

TEST_CASE("whoever asked an actor that throws is told at once", "[observe]") {
  adder_house house;
  auto one = house.start();
  house.probe()->arm_throw(1, io::throw_moment::before);
  auto asked = house.ask<sum_answer>(one, ask_sum{});
  auto behind = house.ask<sum_answer>(one, ask_sum{});
  house.run();
  CHECK(asked->failed);
  CHECK(behind->failed);
}

TEST_CASE("an injected exception after the work loses the answer alone", "[observe]") {
  adder_house house;
  auto one = house.start();
  house.add(one);
  house.probe()->arm_throw(1, io::throw_moment::after);
  auto asked = house.ask<sum_answer>(one, ask_sum{});
  house.run();
  CHECK(asked->failed);
  CHECK(house.sum == 1);
  CHECK_FALSE(house.entry().alive);
}

TEST_CASE("a held mailbox stands still for its time and then goes on in order", "[observe]") {
  adder_house house;
  auto one = house.start();
  house.probe()->arm_hold(1, 1000);
  house.add(one, 3);
  CHECK(house.sum == 1);
  house.advance(std::chrono::milliseconds(999));
  CHECK(house.sum == 1);
  house.advance(std::chrono::milliseconds(1));
  CHECK(house.sum == 3);
  house.add(one);
  CHECK(house.sum == 4);
}

TEST_CASE("a held actor that is killed ends before it takes another message", "[observe]") {
  adder_house house;
  auto one = house.start();
  house.probe()->arm_hold(1, 60'000);
  house.add(one, 2);
  house.board->kill("house/adder", "killed while it stood still");
  house.run();
  CHECK(house.sum == 1);
  house.advance(std::chrono::minutes(1));
  CHECK_FALSE(house.entry().alive);
  CHECK(house.sum == 1);
}
