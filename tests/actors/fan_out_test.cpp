#include "actors/fan_out.hpp"

#include "tests/actors/fakes.hpp"

#include <catch2/catch.hpp>

using namespace ib;
using namespace ib::test;

namespace {

struct counting_waiter final : channel_waiter {
  void wake() override { ++woken; }
  std::atomic<int> woken{0};
};

struct audience : house_fixture {
  audience() {
    actor =
        put(names::fan_out, fan_out_actor(system().spawn(fan_out, std::make_shared<running_builds_board>())));
  }
  void park(const channel_ptr& channel, size_t count) {
    for (size_t i = 0; i < count; ++i) {
      waiters.push_back(std::make_shared<counting_waiter>());
      channel->park(waiters.back());
    }
  }
  int woken() const {
    int sum = 0;
    for (const auto& waiter : waiters)
      sum += waiter->woken;
    return sum;
  }
  fan_out_actor actor;
  channel_ptr channel = make_record("b1", "r/ws:1").channel;
  std::vector<std::shared_ptr<counting_waiter>> waiters;
};

} // namespace

TEST_CASE("a few readers are woken at once", "[fan_out]") {
  audience house;
  house.park(house.channel, crowd - 1);
  house.tell(house.actor, channel_grew{house.channel});
  CHECK(house.woken() == static_cast<int>(crowd) - 1);
}

TEST_CASE("many readers are woken together, once per interval", "[fan_out]") {
  audience house;
  house.park(house.channel, crowd);
  for (int i = 0; i < 10; ++i)
    house.tell(house.actor, channel_grew{house.channel});
  CHECK(house.woken() == 0);
  house.advance(crowd_interval);
  CHECK(house.woken() == static_cast<int>(crowd));
  CHECK_FALSE(house.scheduler().has_pending_timeout());
}

TEST_CASE("the crowd of one channel does not delay the few of another", "[fan_out]") {
  audience house;
  auto other = make_record("b2", "r/ws:2").channel;
  house.park(house.channel, crowd);
  house.park(other, 1);
  house.tell(house.actor, channel_grew{house.channel});
  house.tell(house.actor, channel_grew{other});
  CHECK(house.woken() == 1);
  CHECK(house.waiters.back()->woken == 1);
}

TEST_CASE("after a crowd's tick the next growth ticks again", "[fan_out]") {
  audience house;
  house.park(house.channel, crowd);
  house.tell(house.actor, channel_grew{house.channel});
  house.advance(crowd_interval);
  house.park(house.channel, crowd);
  house.tell(house.actor, channel_grew{house.channel});
  house.advance(crowd_interval);
  CHECK(house.woken() == static_cast<int>(crowd) * 2);
}
