#include "actors/engine/output_gate.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <thread>

using ib::output_gate;

TEST_CASE("output below the limit passes without waiting", "[gate]") {
  output_gate gate;
  gate.enter(output_gate::high);
  gate.leave(output_gate::high);
  gate.enter(output_gate::high);
  SUCCEED("nobody was held back");
}

TEST_CASE("a writer above the limit waits until enough is in the log", "[gate]") {
  output_gate gate;
  std::atomic<bool> through{false};
  gate.enter(output_gate::high);
  std::thread writer([&] {
    gate.enter(1);
    through = true;
  });
  // One byte above the lower mark is still too much: the writer cannot be through, however long it had.
  gate.leave(output_gate::high - output_gate::low);
  CHECK_FALSE(through);
  gate.leave(1);
  writer.join();
  CHECK(through);
}

TEST_CASE("opening the gate frees a held writer and holds nobody afterwards", "[gate]") {
  output_gate gate;
  std::thread writer([&] { gate.enter(output_gate::high * 2); });
  gate.open();
  writer.join();
  gate.enter(output_gate::high * 2);
  gate.open();
  gate.enter(output_gate::high * 2);
  SUCCEED("nobody is held back");
}

TEST_CASE("an opening and an acknowledgement at the same moment free the writer", "[gate]") {
  for (int round = 0; round < 500; ++round) {
    output_gate gate;
    std::thread writer([&] { gate.enter(output_gate::high * 2); });
    std::thread reader([&] {
      for (int i = 0; i < 3; ++i)
        gate.leave(1);
    });
    gate.open();
    writer.join();
    reader.join();
  }
  SUCCEED("every writer came through");
}

TEST_CASE("what is outstanding stays bounded while writer and reader race", "[gate]") {
  constexpr size_t piece = 64 * 1024;
  constexpr size_t pieces = 5'000;
  output_gate gate;
  std::atomic<size_t> written{0};
  std::atomic<size_t> taken{0};
  std::atomic<size_t> most{0};
  std::thread writer([&] {
    for (size_t i = 0; i < pieces; ++i) {
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
  writer.join();
  CHECK(most <= output_gate::high / piece + 1);
}
