// How the resolver pool serves many askers: lookups of one tag that come at the same time share one request
// to the registry, and a pinned reference is answered from memory.

#include "actors/io/registry_http.hpp"
#include "actors/names.hpp"
#include "actors/resolver_pool.hpp"
#include "tests/support/registry_process.hpp"
#include "tests/support/test_images.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <stdexcept>

using namespace ib;
using namespace ib::io;
using namespace ib::test;

namespace {

constexpr int askers = 1'000;
constexpr int questions = 20'000;

/// Counts what reaches the registry client.
class counting_client final : public registry_client {
public:
  explicit counting_client(std::shared_ptr<registry_client> real) : real_(std::move(real)) {}
  void resolve(registry_lookup lookup, std::function<void(result<found_image>)> done) override {
    ++calls;
    real_->resolve(std::move(lookup), std::move(done));
  }
  void head(registry_lookup lookup, std::function<void(result<found_image>)> done) override {
    real_->head(std::move(lookup), std::move(done));
  }
  void publish(publish_order order, std::function<void(result<published_image>)> done) override {
    real_->publish(std::move(order), std::move(done));
  }

  std::atomic<int> calls{0};

private:
  std::shared_ptr<registry_client> real_;
};

double ask(caf::actor_system& system, const resolver_actor& pool, const reference& ref, int times) {
  caf::scoped_actor self(system);
  const auto begin = std::chrono::steady_clock::now();
  int answered = 0;
  for (int i = 0; i < times; ++i)
    self->send(pool, resolve_image{{ref, {}, registry_purpose::resolve, false, {}}, false});
  self->receive_while([&] { return answered < times; })([&](const image_answer& answer) {
    if (!answer.image) throw std::runtime_error(answer.image.error().message);
    ++answered;
  });
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

void run() {
  registry_process registry;
  image_pusher pusher(registry.domain());
  pusher.push_image("bench", "t0", "bench", 1);
  auto client = std::make_shared<counting_client>(
      make_registry_client({}, std::make_shared<credential_store>(
                                   auth_policy("own.example.com", "own.example.com"), nullptr, nullptr)));
  caf::actor_system_config config;
  caf::actor_system system(config);
  resolver_actor pool =
      system.spawn(resolver_pool, std::shared_ptr<registry_client>(client), resolver_settings{});

  const auto tag = registry.tagged("bench", "t0");
  const auto together = ask(system, pool, tag, askers);
  std::printf("%d lookups of one tag at the same time: %d upstream, %.1f ms\n", askers, client->calls.load(),
              together * 1e3);

  caf::scoped_actor self(system);
  reference pinned = tag;
  self->request(pool, ask_timeout, resolve_image{{tag, {}, registry_purpose::resolve, false, {}}, false})
      .receive([&](const image_answer& answer) { pinned = answer.image->ref; },
               [](const caf::error&) { throw std::runtime_error("no answer"); });
  ask(system, pool, pinned, 1);
  const auto before = client->calls.load();
  const auto taken = ask(system, pool, pinned, questions);
  std::printf("a pinned lookup through the pool: %.2f us each, %d upstream\n", taken / questions * 1e6,
              client->calls.load() - before);
}

} // namespace

int main() {
  try {
    run();
  } catch (const std::exception& e) {
    std::fprintf(stderr, "bench_resolver: %s\n", e.what());
    return 1;
  }
}
