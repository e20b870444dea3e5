#include "gateway/spare_memory.hpp"

#include "actors/io/process_stats.hpp"

#include <catch2/catch.hpp>

#include <memory>
#include <vector>

using namespace ib;

// The address sanitizer has an allocator of its own, which keeps what was freed on purpose.
#ifndef __SANITIZE_ADDRESS__
TEST_CASE("what a burst leaves is given back to the system", "[spare_memory]") {
  constexpr size_t block_bytes = 1024;
  constexpr size_t blocks = 64 * 1024;
  std::vector<std::unique_ptr<char[]>> burst;
  burst.reserve(blocks);
  for (size_t i = 0; i < blocks; ++i)
    burst.push_back(std::make_unique<char[]>(block_bytes));
  // One that stays behind all others: malloc gives back by itself only what is at the end.
  auto last = std::move(burst.back());
  burst.clear();
  auto before = io::resident_bytes();
  spare_memory memory;
  memory.look();
  CHECK(io::resident_bytes() + blocks * block_bytes / 2 > before); // it may be growing still
  memory.look();
  CHECK(io::resident_bytes() + blocks * block_bytes / 2 < before);
  CHECK(last[0] == 0);
}
#endif
