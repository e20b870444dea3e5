#include "actors/io/worker_thread.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <thread>
#include <vector>

using namespace ib::io;

TEST_CASE("work for a thread runs there once and in order") {
  std::vector<int> order;
  std::thread::id where;
  std::promise<void> last;
  worker_thread thread;
  for (int i = 0; i < 1'000; ++i)
    thread.post([&, i](bool alive) {
      if (alive) order.push_back(i);
      where = std::this_thread::get_id();
      if (i == 999) last.set_value();
    });
  REQUIRE(last.get_future().wait_for(std::chrono::seconds(60)) == std::future_status::ready);
  thread.stop();
  REQUIRE(order.size() == 1'000);
  CHECK(std::is_sorted(order.begin(), order.end()));
  CHECK(where != std::this_thread::get_id());
}

TEST_CASE("work that a thread has no time for any more is told so") {
  std::promise<void> go;
  std::atomic<int> refused{0};
  worker_thread thread;
  thread.post([gate = go.get_future().share()](bool) { gate.wait(); });
  for (int i = 0; i < 10; ++i)
    thread.post([&](bool alive) { refused += alive ? 0 : 1; });
  std::jthread stopping([&] { thread.stop(); });
  go.set_value();
  stopping.join();
  const int before = refused;
  thread.post([&](bool alive) { refused += alive ? 0 : 1; });
  CHECK(refused == before + 1);
}

TEST_CASE("a thread may be destroyed by its own work") {
  auto thread = std::make_shared<worker_thread>();
  std::promise<void> destroyed;
  thread->post([holder = thread, &destroyed](bool) mutable {
    holder.reset();
    destroyed.set_value();
  });
  thread.reset();
  CHECK(destroyed.get_future().wait_for(std::chrono::seconds(60)) == std::future_status::ready);
}

TEST_CASE("work posted from many threads at a time is all done") {
  std::atomic<int> done{0};
  {
    worker_thread thread;
    std::vector<std::jthread> posters;
    for (int t = 0; t < 4; ++t)
      posters.emplace_back([&] {
        for (int i = 0; i < 1'000; ++i)
          thread.post([&](bool) { ++done; });
      });
  }
  CHECK(done == 4'000);
}
