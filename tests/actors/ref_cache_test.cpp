#include "actors/ref_cache.hpp"

#include "actors/resolver_pool.hpp"
#include "tests/actors/fakes.hpp"

#include <catch2/catch.hpp>

using namespace ib;
using namespace ib::test;
using namespace std::chrono_literals;

namespace {

const std::string first_digest = "sha256:" + std::string(64, 'a');
const std::string second_digest = "sha256:" + std::string(64, 'b');

/// Answers every lookup at once: with the digest it holds, or with a failure.
class quick_registry final : public io::registry_client {
public:
  void resolve(io::registry_lookup lookup, std::function<void(result<io::found_image>)> done) override {
    ++lookups;
    if (broken) return done(error{error_code::unavailable, "registry is down", "", {}});
    auto ref = lookup.ref;
    ref.tag.clear();
    ref.digest = digest;
    done(io::found_image{ref, ""});
  }
  void head(io::registry_lookup lookup, std::function<void(result<io::found_image>)> done) override {
    resolve(std::move(lookup), std::move(done));
  }
  void publish(io::publish_order, std::function<void(result<io::published_image>)> done) override {
    done(error{error_code::internal, "a fake", "", {}});
  }

  std::string digest = first_digest;
  bool broken = false;
  int lookups = 0;
};

struct cached : house_fixture {
  explicit cached(bool broken = false) {
    registry->broken = broken;
    resolver_settings settings;
    settings.ahead = board;
    pool = put(names::resolver, resolver_actor(system().spawn(resolver_pool, registry, settings)));
    ref_cache_config config;
    config.refs = {*parse_reference("registry.example/base:1")};
    config.interval = 6h;
    cache = put(names::ref_cache, ref_cache_actor(system().spawn(ref_cache, board, config)));
    run();
  }
  std::string resolve(const std::string& ref) {
    auto answer =
        ask<image_answer>(pool, resolve_image{{*parse_reference(ref), {}, registry_purpose::resolve, false}});
    run();
    REQUIRE(answer->answer);
    return answer->answer->image ? answer->answer->image->ref.digest
                                 : to_string(answer->answer->image.error().code);
  }

  std::shared_ptr<quick_registry> registry = std::make_shared<quick_registry>();
  std::shared_ptr<ref_board> board = std::make_shared<ref_board>();
  resolver_actor pool;
  ref_cache_actor cache;
};

} // namespace

TEST_CASE("a configured reference is answered from memory, whoever asks", "[ref_cache]") {
  cached house;
  CHECK(house.registry->lookups == 1);
  CHECK(house.resolve("registry.example/base:1") == first_digest);
  CHECK(house.registry->lookups == 1);
}

TEST_CASE("a reference that is not configured is asked for", "[ref_cache]") {
  cached house;
  CHECK(house.resolve("registry.example/base:2") == first_digest);
  CHECK(house.registry->lookups == 2);
}

TEST_CASE("configured references are refreshed at their interval", "[ref_cache]") {
  cached house;
  house.registry->digest = second_digest;
  house.advance(5h);
  CHECK(house.resolve("registry.example/base:1") == first_digest);
  house.advance(1h);
  CHECK(house.resolve("registry.example/base:1") == second_digest);
}

TEST_CASE("the last good answer survives a failed refresh, which is repeated soon", "[ref_cache]") {
  cached house;
  house.registry->broken = true;
  house.advance(6h);
  CHECK(house.resolve("registry.example/base:1") == first_digest);
  house.registry->broken = false;
  house.registry->digest = second_digest;
  house.advance(1min);
  CHECK(house.resolve("registry.example/base:1") == second_digest);
}

TEST_CASE("a reference that could never be resolved is asked for by each caller", "[ref_cache]") {
  cached house(true);
  CHECK(house.resolve("registry.example/base:1") == "unavailable");
  CHECK(house.registry->lookups == 2);
}

TEST_CASE("other references are resolved at once, and what is not named any more is forgotten",
          "[ref_cache]") {
  cached house;
  ref_cache_config other;
  other.refs = {*parse_reference("registry.example/other:1")};
  other.interval = 1h;
  house.tell(house.cache, change_refs{other});
  CHECK(house.registry->lookups == 2);
  CHECK(house.resolve("registry.example/other:1") == first_digest);
  CHECK(house.registry->lookups == 2);
  house.registry->digest = second_digest;
  CHECK(house.resolve("registry.example/base:1") == second_digest);
  CHECK(house.registry->lookups == 3);
  // The new interval holds, and the old one's timer does nothing.
  house.advance(1h);
  CHECK(house.registry->lookups == 4);
  CHECK(house.resolve("registry.example/other:1") == second_digest);
  for (int i = 0; i < 5; ++i)
    house.advance(1h);
  CHECK(house.registry->lookups == 9);
}

TEST_CASE("a cache may begin and end with no references at all", "[ref_cache]") {
  cached house;
  house.tell(house.cache, change_refs{});
  house.advance(24h);
  CHECK(house.registry->lookups == 1);
  ref_cache_config some;
  some.refs = {*parse_reference("registry.example/base:1")};
  house.tell(house.cache, change_refs{some});
  CHECK(house.registry->lookups == 2);
}
