#include "actors/resolver_pool.hpp"

#include "tests/actors/fakes.hpp"
#include "tests/support/metric_values.hpp"

#include <catch2/catch.hpp>

#include <deque>
#include <stdexcept>

using namespace ib;
using namespace ib::test;
using namespace std::chrono_literals;

namespace {

const std::string digest = "sha256:" + std::string(64, 'a');

/// Counts the calls; each waits until it is answered.
class held_registry final : public io::registry_client {
public:
  using done_function = std::function<void(result<io::found_image>)>;

  void resolve(io::registry_lookup lookup, done_function done) override {
    if (lookup.ref.path == "poison") throw std::runtime_error("poison");
    resolved.push_back(lookup);
    waiting.push_back({std::move(lookup), std::move(done)});
  }
  void head(io::registry_lookup lookup, done_function done) override {
    headed.push_back(lookup);
    waiting.push_back({std::move(lookup), std::move(done)});
  }
  void publish(io::publish_order, std::function<void(result<io::published_image>)> done) override {
    done(error{error_code::internal, "a fake", "", {}});
  }

  struct call {
    io::registry_lookup lookup;
    done_function done;
  };
  std::vector<io::registry_lookup> resolved;
  std::vector<io::registry_lookup> headed;
  std::deque<call> waiting;
};

io::registry_lookup lookup(const std::string& ref, request_auth auth = {}, bool retry = false) {
  return {*parse_reference(ref), std::move(auth), registry_purpose::resolve, retry};
}

request_auth secret_of(const std::string& value) {
  request_auth auth;
  auth.mode = request_auth::kind::total;
  auth.allow_all = true;
  auth.additional["registry.example"] = value;
  return auth;
}

struct lookups : house_fixture {
  explicit lookups(resolver_settings with = {}) {
    pool = put(names::resolver, system().spawn(resolver_pool, registry, with));
    run();
  }
  pending_ptr<image_answer> resolve(io::registry_lookup wish) {
    auto answer = ask<image_answer>(pool, resolve_image{std::move(wish)});
    run();
    return answer;
  }
  pending_ptr<image_answer> find(io::registry_lookup wish) {
    auto answer = ask<image_answer>(pool, find_image{std::move(wish)});
    run();
    return answer;
  }
  /// The registry answers the oldest call: the image exists.
  void answer() {
    auto call = std::move(registry->waiting.front());
    registry->waiting.pop_front();
    auto ref = call.lookup.ref;
    ref.tag.clear();
    ref.digest = digest;
    call.done(io::found_image{ref, "application/vnd.oci.image.manifest.v1+json"});
    call.done = nullptr;
    run();
  }
  void refuse(error_code code) {
    auto call = std::move(registry->waiting.front());
    registry->waiting.pop_front();
    call.done(error{code, "cannot resolve image", "", {}});
    call.done = nullptr;
    run();
  }
  /// A client answers every call in the end.
  ~lookups() {
    while (!registry->waiting.empty())
      refuse(error_code::unavailable);
  }

  std::shared_ptr<held_registry> registry = std::make_shared<held_registry>();
  caching_resolver pool;
};

std::string text(const pending_ptr<image_answer>& answer) {
  REQUIRE(answer->answer);
  return answer->answer->image ? answer->answer->image->ref.to_string()
                               : to_string(answer->answer->image.error().code);
}

} // namespace

TEST_CASE("a thousand who ask the same share one call", "[resolver]") {
  lookups house;
  std::vector<pending_ptr<image_answer>> answers;
  for (int i = 0; i < 1000; ++i)
    answers.push_back(house.resolve(lookup("registry.example/a:1")));
  CHECK(house.registry->resolved.size() == 1);
  CHECK_FALSE(answers.front()->answer);
  house.answer();
  for (const auto& answer : answers)
    CHECK(text(answer) == "registry.example/a@" + digest);
}

TEST_CASE("a shared failure reaches everyone and is not remembered", "[resolver]") {
  lookups house;
  auto first = house.resolve(lookup("registry.example/a:1"));
  auto second = house.resolve(lookup("registry.example/a:1"));
  house.refuse(error_code::not_found);
  CHECK(text(first) == "not_found");
  CHECK(text(second) == "not_found");
  house.resolve(lookup("registry.example/a:1"));
  CHECK(house.registry->resolved.size() == 2);
}

TEST_CASE("askers with different credentials, tags, purposes or patience do not share", "[resolver]") {
  lookups house;
  house.resolve(lookup("registry.example/a:1"));
  house.resolve(lookup("registry.example/a:1", secret_of("YTpi")));
  house.resolve(lookup("registry.example/a:1", secret_of("YTpj")));
  house.resolve(lookup("registry.example/a:2"));
  house.resolve(lookup("registry.example/a:1", {}, true));
  auto own = lookup("registry.example/a:1");
  own.purpose = registry_purpose::own_image;
  house.resolve(own);
  auto selective = request_auth{};
  selective.mode = request_auth::kind::selective;
  selective.any_of = {"ab"};
  house.resolve(lookup("registry.example/a:1", selective));
  selective.any_of = {"a", "b"};
  house.resolve(lookup("registry.example/a:1", selective));
  CHECK(house.registry->resolved.size() == 8);
}

TEST_CASE("the digest of a pinned reference is asked for once", "[resolver]") {
  lookups house;
  auto pinned = "registry.example/a@" + digest;
  house.resolve(lookup(pinned));
  house.answer();
  CHECK(text(house.resolve(lookup(pinned))) == pinned);
  CHECK(house.registry->resolved.size() == 1);
  house.resolve(lookup(pinned, secret_of("YTpi")));
  CHECK(house.registry->resolved.size() == 2);
}

TEST_CASE("the digest of a tag is asked for each time unless the cache is configured", "[resolver]") {
  lookups house;
  house.resolve(lookup("registry.example/a:1"));
  house.answer();
  house.resolve(lookup("registry.example/a:1"));
  CHECK(house.registry->resolved.size() == 2);
}

TEST_CASE("a configured cache keeps the digest of a tag for its time", "[resolver]") {
  resolver_settings settings;
  settings.tag_cache_ms = 10'000;
  lookups house(settings);
  house.resolve(lookup("registry.example/a:1"));
  house.answer();
  house.advance(9s);
  CHECK(text(house.resolve(lookup("registry.example/a:1"))) == "registry.example/a@" + digest);
  CHECK(house.registry->resolved.size() == 1);
  house.advance(2s);
  house.resolve(lookup("registry.example/a:1"));
  CHECK(house.registry->resolved.size() == 2);
}

TEST_CASE("whether an image exists is shared in flight and never remembered", "[resolver]") {
  resolver_settings settings;
  settings.tag_cache_ms = 10'000;
  lookups house(settings);
  auto first = house.find(lookup("registry.example/a@" + digest));
  auto second = house.find(lookup("registry.example/a@" + digest));
  CHECK(house.registry->headed.size() == 1);
  house.answer();
  CHECK(text(first) == text(second));
  house.find(lookup("registry.example/a@" + digest));
  CHECK(house.registry->headed.size() == 2);
}

TEST_CASE("a worker that crashes harms only its own lookups, and is replaced", "[resolver]") {
  resolver_settings settings;
  settings.workers = 64;
  lookups house(settings);
  auto poisoned = house.resolve(lookup("registry.example/poison:1"));
  CHECK(text(poisoned) == "unavailable"); // told at once, not left to its patience
  auto healthy = house.resolve(lookup("registry.example/healthy:1"));
  house.answer();
  CHECK(text(healthy) == "registry.example/healthy@" + digest);
  // The replacement works on the same repositories.
  auto after = house.find(lookup("registry.example/poison:1"));
  CHECK(house.registry->headed.size() == 1);
  house.answer();
  CHECK(text(after) == "registry.example/poison@" + digest);
}

TEST_CASE("an answer that comes after its worker crashed harms nobody", "[resolver]") {
  resolver_settings settings;
  settings.workers = 1;
  lookups house(settings);
  auto lost = house.resolve(lookup("registry.example/a:1"));
  house.resolve(lookup("registry.example/poison:1"));
  CHECK(text(lost) == "unavailable");
  house.answer(); // comes too late for anyone
  auto after = house.resolve(lookup("registry.example/a:1"));
  house.answer();
  CHECK(text(after) == "registry.example/a@" + digest);
}

TEST_CASE("a lookup that nobody waits for any more is cancelled", "[resolver]") {
  lookups house;
  std::stop_source first;
  std::stop_source second;
  auto wish = lookup("registry.example/a:1");
  wish.asker = first.get_token();
  auto leaves = house.resolve(wish);
  wish.asker = second.get_token();
  auto stays = house.resolve(wish);
  REQUIRE(house.registry->resolved.size() == 1);
  auto in_flight = house.registry->resolved.front().asker;

  first.request_stop();
  house.run();
  CHECK(text(leaves) == "cancelled");
  CHECK_FALSE(stays->answer);
  CHECK_FALSE(in_flight.stop_requested());

  second.request_stop();
  house.run();
  CHECK(text(stays) == "cancelled");
  CHECK(in_flight.stop_requested());
}

TEST_CASE("the late answer of a cancelled lookup is not taken for that of the next", "[resolver]") {
  lookups house;
  std::stop_source gone;
  auto wish = lookup("registry.example/a:1");
  wish.asker = gone.get_token();
  house.resolve(wish);
  gone.request_stop();
  house.run();
  auto next = house.resolve(lookup("registry.example/a:1"));
  REQUIRE(house.registry->resolved.size() == 2);
  house.refuse(error_code::cancelled);
  CHECK_FALSE(next->answer);
  house.answer();
  CHECK(text(next) == "registry.example/a@" + digest);
}

TEST_CASE("a caller without a way to leave keeps a lookup alive", "[resolver]") {
  lookups house;
  std::stop_source gone;
  auto wish = lookup("registry.example/a:1");
  wish.asker = gone.get_token();
  house.resolve(wish);
  auto stays = house.resolve(lookup("registry.example/a:1"));
  gone.request_stop();
  house.run();
  CHECK_FALSE(house.registry->resolved.front().asker.stop_requested());
  house.answer();
  CHECK(text(stays) == "registry.example/a@" + digest);
}

TEST_CASE("hits, misses and errors are counted for each registry", "[resolver]") {
  resolver_settings settings;
  settings.meter = std::make_shared<metrics>(metrics_settings{"", {"registry.example"}});
  settings.ahead = std::make_shared<ref_board>();
  ref_board::answers ahead;
  auto known = *parse_reference("registry.example/known:1");
  ahead.emplace(board_key(known), io::found_image{known, ""});
  settings.ahead->publish(ahead);
  lookups house(settings);
  auto pinned = lookup("registry.example/a@" + digest);
  house.resolve(pinned);
  house.resolve(pinned);
  house.answer();
  house.resolve(pinned);
  house.resolve(lookup("registry.example/known:1"));
  house.find(lookup("registry.example/gone:1"));
  house.refuse(error_code::not_found);
  auto counted = [&](const std::string& name, const std::string& more) {
    return value_of(*settings.meter, "image_builder_resolver_" + name + "_total{" + more + "}");
  };
  CHECK(counted("misses", R"(registry="registry.example")") == 2);
  CHECK(counted("hits", R"(registry="registry.example",source="flight")") == 1);
  CHECK(counted("hits", R"(registry="registry.example",source="cache")") == 1);
  CHECK(counted("hits", R"(registry="registry.example",source="ahead")") == 1);
  CHECK(counted("errors", R"(code="not_found",registry="registry.example")") == 1);
  CHECK(counted("errors", R"(code="unavailable",registry="registry.example")") == 0);
}

TEST_CASE("the pool shows what its workers keep, with its age and without secrets", "[resolver]") {
  resolver_settings settings;
  settings.tag_cache_ms = 60'000;
  lookups house(settings);
  house.resolve(lookup("registry.example/a:1", secret_of("YTpi")));
  house.answer();
  house.advance(20s);
  house.resolve(lookup("registry.example/b@" + digest));
  house.answer();
  auto shown = [&](size_t most) {
    auto list = house.ask<cached_digests>(house.pool, list_cached{most});
    house.run();
    REQUIRE(list->answer);
    return *list->answer;
  };
  auto list = shown(10);
  CHECK(list.kept == 2);
  REQUIRE(list.rows.size() == 2);
  CHECK(list.rows[0].ref == "registry.example/b@" + digest);
  CHECK(list.rows[0].age_ms == 0);
  CHECK_FALSE(list.rows[0].expires_in_ms);
  CHECK(list.rows[1].ref == "registry.example/a:1");
  CHECK(list.rows[1].digest == digest);
  CHECK(list.rows[1].age_ms == 20'000);
  CHECK(list.rows[1].expires_in_ms == 40'000);
  CHECK(shown(1).rows.size() == 1);
  CHECK(shown(1).kept == 2);
  house.advance(41s);
  CHECK(shown(10).kept == 1);
}
