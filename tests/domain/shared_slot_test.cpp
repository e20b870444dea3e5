#include "actors/domain/shared_slot.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

using namespace ib;

TEST_CASE("a slot gives what was put in last, and hands out what was there", "[shared_slot]") {
  shared_slot<const int> slot;
  CHECK(slot.load() == nullptr);
  auto first = std::make_shared<const int>(1);
  CHECK(slot.exchange(first) == nullptr);
  CHECK(slot.load() == first);
  CHECK(slot.exchange(nullptr) == first);
  CHECK(slot.load() == nullptr);
  CHECK(shared_slot<const int>(first).load() == first);
  CHECK(first.use_count() == 1);
}

TEST_CASE("threads that copy and replace see whole values, and each one leaves once", "[shared_slot]") {
  struct value {
    explicit value(std::atomic<int>& all, int number) : alive(all), one(number), other(number) { ++alive; }
    ~value() { --alive; }
    std::atomic<int>& alive;
    int one;
    int other;
  };
  std::atomic<int> alive{0};
  std::atomic<int> broken{0};
  {
    shared_slot<const value> slot(std::make_shared<const value>(alive, 0));
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 6; ++thread)
      threads.emplace_back([&, thread] {
        for (int i = 0; i < 5'000; ++i) {
          auto seen = thread % 2 == 0 ? slot.load() : slot.exchange(std::make_shared<const value>(alive, i));
          if (!seen || seen->one != seen->other) ++broken;
        }
      });
    for (auto& thread : threads)
      thread.join();
    CHECK(alive == 1);
  }
  CHECK(broken == 0);
  CHECK(alive == 0);
}
