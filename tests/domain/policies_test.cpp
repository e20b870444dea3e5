#include "actors/domain/digest_cache.hpp"
#include "actors/domain/restart_policy.hpp"

#include <catch2/catch.hpp>

#include <cstdint>
#include <limits>
#include <optional>
#include <string>

using namespace ib;

TEST_CASE("a crashing child is restarted at once, then ever later, then not at all") {
  restart_policy policy({4, 60'000, 0, 100, 5'000});
  CHECK(policy.on_crash(1000) == 0);
  CHECK(policy.on_crash(1001) == 100);
  CHECK(policy.on_crash(1002) == 200);
  CHECK(policy.on_crash(1003) == 400);
  CHECK(policy.on_crash(1004) == std::nullopt);
  CHECK(policy.restarts() == 4);
}

TEST_CASE("crashes older than the period are forgotten") {
  restart_policy policy({2, 1'000, 7, 100, 5'000});
  CHECK(policy.on_crash(0) == 7);
  CHECK(policy.on_crash(999) == 100);
  CHECK(policy.on_crash(999) == std::nullopt);
  CHECK(policy.on_crash(1'000) == 100); // the crash at 0 is out of the period, the one at 999 is not
  CHECK(policy.on_crash(2'000) == 7);
  CHECK(policy.restarts() == 4);
}

TEST_CASE("the delay stops at its limit however often a child crashes") {
  restart_policy policy({100, 60'000, 0, 100, 5'000});
  std::optional<int64_t> delay;
  for (int i = 0; i < 100; ++i)
    delay = policy.on_crash(i);
  CHECK(delay == 5'000);
  CHECK(policy.on_crash(100) == std::nullopt);
  restart_policy largest({100, 60'000, 0, 1, std::numeric_limits<int64_t>::max()});
  for (int i = 0; i < 100; ++i)
    delay = largest.on_crash(i);
  CHECK(delay == std::numeric_limits<int64_t>::max());
}

TEST_CASE("an intensity of zero never restarts") {
  restart_policy policy({0, 60'000, 0, 100, 5'000});
  CHECK(policy.on_crash(0) == std::nullopt);
  CHECK(policy.restarts() == 0);
}

TEST_CASE("a first delay above the limit is cut") {
  restart_policy policy({3, 60'000, 9'000, 8'000, 5'000});
  CHECK(policy.on_crash(0) == 5'000);
  CHECK(policy.on_crash(0) == 5'000);
}

TEST_CASE("an answer is kept until it expires") {
  digest_cache cache(10);
  cache.put("tag", "sha256:1", 100);
  CHECK(cache.get("tag", 99) == "sha256:1");
  CHECK(cache.get("tag", 100) == std::nullopt);
  CHECK(cache.size() == 0);
  CHECK(cache.get("tag", 0) == std::nullopt);
  CHECK(cache.hits() == 1);
  CHECK(cache.misses() == 2);
}

TEST_CASE("a permanent answer never expires") {
  digest_cache cache(1);
  cache.put("digest", "sha256:1", std::nullopt);
  CHECK(cache.get("digest", std::numeric_limits<int64_t>::max()) == "sha256:1");
}

TEST_CASE("the least recently used answer goes first") {
  digest_cache cache(2);
  cache.put("a", "1", std::nullopt);
  cache.put("b", "2", std::nullopt);
  CHECK(cache.get("a", 0) == "1");
  cache.put("c", "3", std::nullopt);
  CHECK(cache.get("b", 0) == std::nullopt);
  CHECK(cache.get("a", 0) == "1");
  CHECK(cache.get("c", 0) == "3");
  CHECK(cache.size() == 2);
}

TEST_CASE("a second answer for a key replaces the first and evicts nobody") {
  digest_cache cache(2);
  cache.put("a", "1", 10);
  cache.put("b", "2", std::nullopt);
  cache.put("a", "3", std::nullopt);
  CHECK(cache.size() == 2);
  CHECK(cache.get("a", 50) == "3");
  CHECK(cache.get("b", 50) == "2");
}

TEST_CASE("an erased answer is gone, an unknown one changes nothing") {
  digest_cache cache(2);
  cache.put("a", "1", std::nullopt);
  cache.erase("b");
  CHECK(cache.size() == 1);
  cache.erase("a");
  CHECK(cache.size() == 0);
  CHECK(cache.get("a", 0) == std::nullopt);
}

TEST_CASE("a cache without room keeps nothing") {
  digest_cache cache(0);
  cache.put("a", "1", std::nullopt);
  CHECK(cache.size() == 0);
  CHECK(cache.get("a", 0) == std::nullopt);
}
