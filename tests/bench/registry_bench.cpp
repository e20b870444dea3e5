// How fast registries are asked: the client against a bare libcurl loop that sends the same requests to the
// same local docker-registry, in turns; and how long a lookup takes that memory can answer.

#include "actors/domain/digest_cache.hpp"
#include "actors/io/registry_http.hpp"
#include "tests/bench/bare_lookups.hpp"
#include "tests/support/registry_process.hpp"
#include "tests/support/test_images.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <functional>
#include <mutex>
#include <stdexcept>

using namespace ib;
using namespace ib::io;
using namespace ib::test;

namespace {

constexpr std::array<size_t, 3> sizes{100, 200, 400}; ///< lookups
constexpr size_t in_flight = 64;
constexpr int rounds = 3;

using clock_type = std::chrono::steady_clock;

double seconds(const std::function<void()>& work) {
  const auto begin = clock_type::now();
  work();
  return std::chrono::duration<double>(clock_type::now() - begin).count();
}

/// Keeps `in_flight` lookups running until all references are resolved.
class lookup_run {
public:
  lookup_run(registry_client& client, const std::vector<reference>& refs) : client_(client), refs_(refs) {}

  size_t run() {
    for (size_t i = 0; i < std::min(in_flight, refs_.size()); ++i)
      start_next();
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return done_ == refs_.size(); });
    return found_;
  }

private:
  void start_next() {
    auto i = next_++;
    if (i >= refs_.size()) return;
    client_.resolve({refs_[i], {}}, [this](const result<found_image>& image) { finish(image.has_value()); });
  }
  void finish(bool found) {
    start_next();
    std::lock_guard guard(mutex_);
    found_ += found;
    if (++done_ == refs_.size()) changed_.notify_all();
  }

  registry_client& client_;
  const std::vector<reference>& refs_;
  std::atomic<size_t> next_{0};
  std::mutex mutex_;
  std::condition_variable changed_;
  size_t done_ = 0;
  size_t found_ = 0;
};

void expect_all(size_t found, size_t wanted) {
  if (found != wanted) throw std::runtime_error("only " + std::to_string(found) + " images were found");
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

/// The same lookups both ways, in turns.
void compare(registry_client& client, const std::vector<reference>& refs,
             const std::vector<std::string>& urls) {
  std::vector<double> bare;
  std::vector<double> ours;
  for (int round = 0; round < rounds; ++round) {
    bare.push_back(seconds([&] { expect_all(bare_lookups(urls, in_flight), urls.size()); }));
    ours.push_back(seconds([&] { expect_all(lookup_run(client, refs).run(), refs.size()); }));
  }
  const auto count = static_cast<double>(refs.size());
  const auto bare_rate = count / median(bare);
  const auto our_rate = count / median(ours);
  std::printf(
      "%zu distinct lookups, %zu in flight, median of %d: bare libcurl %.0f/s, registry client %.0f/s, "
      "ratio %.2f (goal 0.8)\n",
      refs.size(), in_flight, rounds, bare_rate, our_rate, our_rate / bare_rate);
}

void compare_lookups() {
  registry_process registry;
  image_pusher pusher(registry.domain());
  pusher.push_image("bench", "t0", "bench", 1);
  const auto manifest = pusher.manifest("bench", "t0");
  std::vector<reference> refs;
  std::vector<std::string> urls;
  for (size_t i = 0; i < sizes.back(); ++i) {
    const auto tag = "t" + std::to_string(i);
    if (i > 0) pusher.call(http_method::put, "bench/manifests/" + tag, manifest, oci_image_type);
    refs.push_back(registry.tagged("bench", tag));
    urls.push_back("http://" + registry.domain() + "/v2/bench/manifests/" + tag);
  }
  auto client =
      make_registry_client({}, std::make_shared<credential_store>(
                                   auth_policy("own.example.com", "own.example.com"), nullptr, nullptr));
  for (const auto count : sizes)
    compare(*client, {refs.begin(), refs.begin() + static_cast<std::ptrdiff_t>(count)},
            {urls.begin(), urls.begin() + static_cast<std::ptrdiff_t>(count)});
}

void time_memory() {
  constexpr size_t kept = 10'000;
  constexpr size_t questions = 1'000'000;
  digest_cache cache(kept);
  std::vector<std::string> keys;
  for (size_t i = 0; i < kept; ++i) {
    keys.push_back("registry.example.com/some/image:" + std::to_string(i));
    cache.put(keys.back(), "sha256:" + std::string(64, 'a'), std::nullopt);
  }
  size_t hits = 0;
  const auto taken = seconds([&] {
    for (size_t i = 0; i < questions; ++i)
      hits += cache.get(keys[i % kept], 0).has_value();
  });
  if (hits != questions) throw std::runtime_error("the cache forgot something");
  std::printf("a pinned lookup from memory: %.0f ns\n", taken / questions * 1e9);
}

} // namespace

int main() {
  try {
    time_memory();
    compare_lookups();
  } catch (const std::exception& e) {
    std::fprintf(stderr, "bench_registry: %s\n", e.what());
    return 1;
  }
}
