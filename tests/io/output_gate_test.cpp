#include "actors/io/output_gate.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <thread>

using ib::io::output_gate;

TEST_CASE("output up to the limit passes", "[gate]") {
  output_gate gate;
  gate.enter(output_gate::high);
  CHECK_FALSE(gate.is_full());
  gate.enter(1);
  CHECK(gate.is_full());
}

TEST_CASE("a reader above the limit is told once enough is in the log", "[gate]") {
  int told = 0;
  output_gate gate([&] { ++told; });
  gate.enter(output_gate::high + 1);
  gate.leave(output_gate::high - output_gate::low);
  // One byte above the lower mark is still too much.
  CHECK(told == 0);
  CHECK_FALSE(gate.is_full());
  CHECK_FALSE(gate.has_room());
  gate.leave(1);
  CHECK(told == 1);
  CHECK(gate.has_room());
  gate.leave(output_gate::low);
  CHECK(told == 1);
}

TEST_CASE("opening the gate tells the reader and holds nobody afterwards", "[gate]") {
  int told = 0;
  output_gate gate([&] { ++told; });
  gate.enter(output_gate::high * 2);
  gate.open();
  CHECK(told == 1);
  CHECK_FALSE(gate.is_full());
  CHECK(gate.has_room());
  gate.enter(output_gate::high * 2);
  CHECK_FALSE(gate.is_full());
}

TEST_CASE("what is outstanding stays bounded while reader and log race, and no reader is forgotten",
          "[gate]") {
  constexpr size_t piece = 64 * 1024;
  constexpr size_t pieces = 20'000;
  std::atomic<int> told{0};
  output_gate gate([&] {
    ++told;
    told.notify_one();
  });
  std::atomic<size_t> written{0};
  std::atomic<size_t> taken{0};
  std::atomic<size_t> most{0};
  std::thread reader([&] {
    for (size_t i = 0; i < pieces; ++i) {
      auto seen = told.load();
      for (bool held = gate.is_full(); held && !gate.has_room(); seen = told.load())
        told.wait(seen);
      gate.enter(piece);
      most = std::max<size_t>(most, written.fetch_add(1) + 1 - taken);
      written.notify_one();
    }
  });
  for (size_t i = 0; i < pieces; ++i) {
    written.wait(i);
    while (written <= i)
      std::this_thread::yield();
    ++taken;
    gate.leave(piece);
  }
  reader.join();
  CHECK(most <= output_gate::high / piece + 1);
}
