#include "gateway/spare_memory.hpp"

#include "actors/io/log.hpp"
#include "actors/io/process_stats.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <malloc.h>
#include <string>
#include <thread>
#include <utility>

namespace ib {

namespace {

constexpr size_t mebibyte = size_t{1} << 20;

/// More than this between two looks is a burst that is not over.
constexpr size_t calm = 2 * mebibyte;

/// Growth that is worth a way through all free memory.
size_t worth_it(size_t kept_bytes) { return std::max(16 * mebibyte, kept_bytes / 16); }

} // namespace

void share_arenas() {
  if (std::getenv("MALLOC_ARENA_MAX") != nullptr) return;
  mallopt(M_ARENA_MAX, static_cast<int>(2 * std::max(std::thread::hardware_concurrency(), 1U)));
}

void spare_memory::look() {
  auto occupied = io::resident_bytes();
  kept_bytes_ = std::min(kept_bytes_, occupied);
  bool grows = occupied > std::exchange(seen_bytes_, occupied) + calm;
  if (grows || occupied < kept_bytes_ + worth_it(kept_bytes_)) return;
  auto began = std::chrono::steady_clock::now();
  malloc_trim(0);
  std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - began;
  kept_bytes_ = io::resident_bytes();
  io::log_debug("gave spare memory back", {{"occupied_mib", std::to_string(kept_bytes_ / mebibyte)},
                                           {"before_mib", std::to_string(occupied / mebibyte)},
                                           {"took_ms", std::to_string(took.count())}});
}

} // namespace ib
