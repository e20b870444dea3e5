#include "actors/service_health.hpp"
#include "actors/storage_board.hpp"

#include <catch2/catch.hpp>

#include <thread>
#include <vector>

using namespace ib;

TEST_CASE("a service is ready while nobody says that it is not", "[health]") {
  int changes = 0;
  service_health health([&] { ++changes; });
  CHECK(health.is_ready());
  health.not_ready("a", "1");
  health.not_ready("a", "1");
  health.not_ready("b", "2");
  CHECK(*health.read() == service_health::reasons{{"a", "1"}, {"b", "2"}});
  health.not_ready("a", "3");
  auto snapshot = health.read();
  health.ready("a");
  health.ready("a");
  CHECK_FALSE(health.is_ready());
  CHECK(snapshot->at("a") == "3");
  health.ready("b");
  CHECK(health.is_ready());
  CHECK(changes == 5);
}

TEST_CASE("reasons that come and go on many threads are neither lost nor left behind", "[health]") {
  service_health health;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&health, t] {
      for (int i = 0; i < 1000; ++i) {
        health.not_ready("mine " + std::to_string(t), std::to_string(i));
        if (i < 999 || t % 2 == 0) health.ready("mine " + std::to_string(t));
      }
    });
  for (auto& thread : threads)
    thread.join();
  CHECK(*health.read() == service_health::reasons{{"mine 1", "999"}, {"mine 3", "999"}});
}

TEST_CASE("storage that fails is a reason until it works again", "[health]") {
  auto health = std::make_shared<service_health>();
  storage_board board(health);
  storage_state state;
  board.publish(state);
  CHECK(health->is_ready());
  state.trouble = "the disk is full";
  board.publish(state);
  CHECK(health->read()->at(health_names::storage) == "the disk is full");
  state.trouble.clear();
  board.publish(state);
  CHECK(health->is_ready());
}
