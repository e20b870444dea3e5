#include "actors/join_ledger.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <map>
#include <thread>

using namespace ib;

TEST_CASE("a ledger of joins gives each once, in order, and says when it begins to fill", "[joins]") {
  join_ledger ledger;
  CHECK(ledger.take().empty());
  CHECK(ledger.add({"b1", "one", {}}));
  CHECK_FALSE(ledger.add({"b2", "two", {}}));
  CHECK_FALSE(ledger.add({"b1", "three", {}}));
  auto notes = ledger.take();
  REQUIRE(notes.size() == 3);
  CHECK(notes[0].triggered_by == "one");
  CHECK(notes[1].build_id == "b2");
  CHECK(notes[2].triggered_by == "three");
  CHECK(ledger.take().empty());
  CHECK(ledger.add({"b1", "four", {}})); // and what is left in it is released with it
}

TEST_CASE("joins of many threads are lost by none, and whoever begins to fill the ledger knows", "[joins]") {
  constexpr int threads = 4, each = 5'000;
  join_ledger ledger;
  std::atomic<int> beginnings{0};
  std::atomic<int> at_work{threads};
  std::vector<std::thread> crowd;
  for (int t = 0; t < threads; ++t)
    crowd.emplace_back([&, t] {
      for (int i = 0; i < each; ++i)
        if (ledger.add({std::to_string(t), std::to_string(i), {}})) ++beginnings;
      --at_work;
    });
  std::map<std::string, int> next;
  int taken = 0, rounds = 0;
  auto take = [&] {
    auto notes = ledger.take();
    if (!notes.empty()) ++rounds;
    for (const auto& note : notes) {
      CHECK(note.triggered_by == std::to_string(next[note.build_id]++));
      ++taken;
    }
  };
  while (at_work > 0)
    take();
  for (auto& one : crowd)
    one.join();
  take();
  CHECK(taken == threads * each);
  CHECK(beginnings == rounds);
}
