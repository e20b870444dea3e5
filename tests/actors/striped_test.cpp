#include "actors/striped.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <cstdint>
#include <set>
#include <thread>
#include <vector>

using namespace ib;

TEST_CASE("threads have a stripe each, as long as there are enough, and keep it", "[striped]") {
  striped<int> cells;
  std::vector<int*> seen(striped<int>::stripes);
  bool stays = true;
  for (auto*& cell : seen)
    std::thread([&] {
      cell = &cells.mine();
      stays &= cell == &cells.mine();
    }).join();
  CHECK(stays);
  CHECK(std::set<int*>(seen.begin(), seen.end()).size() == striped<int>::stripes);
}

TEST_CASE("what many threads add is all there", "[striped]") {
  striped<std::atomic<uint64_t>> counts;
  std::vector<std::thread> threads;
  for (int i = 0; i < 20; ++i)
    threads.emplace_back([&] {
      for (int n = 0; n < 1'000; ++n)
        ++counts.mine();
    });
  for (auto& thread : threads)
    thread.join();
  uint64_t sum = 0;
  size_t cells = 0;
  counts.each([&](const auto& count) {
    sum += count;
    ++cells;
  });
  CHECK(sum == 20'000);
  CHECK(cells == striped<int>::stripes);
}
