#include "actors/io/registry_resolve.hpp"

#include "actors/io/http_await.hpp"
#include "actors/io/registry_manifest.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace ib::io {

namespace {

using std::chrono::milliseconds;
using clock = registry_access::clock;
using lookup_step = task<result<found_image>> (*)(std::shared_ptr<registry_core>, registry_lookup,
                                                  clock::time_point);

constexpr int max_retries = 3;
constexpr int64_t first_pause_ms = 200;
constexpr size_t max_index_bodies = 64;

registry_topic topic_of(const registry_lookup& lookup) {
  return {"cannot resolve image", lookup.ref.to_string(), lookup.ref.domain, {}};
}

found_image found(const registry_lookup& lookup, const registry_manifest& manifest) {
  found_image image{lookup.ref, manifest.media_type};
  image.ref.digest = manifest.digest;
  return image;
}

const std::string& name_of(const reference& ref) { return ref.digest.empty() ? ref.tag : ref.digest; }

task<result<registry_access>> open_for_pull(std::shared_ptr<registry_core> core, registry_lookup lookup,
                                            registry_endpoint endpoint, clock::time_point deadline) {
  auto topic = topic_of(lookup);
  credential_order order{lookup.auth, lookup.purpose};
  auto opening =
      open_access(std::move(core), std::move(endpoint), std::move(order), std::move(topic), deadline);
  auto access = co_await opening;
  if (access) {
    access->scope = "repository:" + lookup.ref.path + ":pull";
    access->asker = lookup.asker;
  }
  co_return access;
}

/// The bytes of an index, kept by digest: whoever got its digest from the registry may see them.
task<result<registry_manifest>> index_with_body(registry_access access, std::string path,
                                                registry_manifest index) {
  auto& kept = access.core->index_bodies;
  if (!index.body.empty()) {
    co_return index;
  }
  if (auto body = kept.find(index.digest); body != kept.end()) {
    index.body = body->second;
    co_return index;
  }
  auto getting = get_manifest(access, path, index.digest);
  auto fetched = co_await getting;
  if (!fetched) co_return fetched;
  if (kept.size() >= max_index_bodies) kept.clear();
  kept.emplace(fetched->digest, fetched->body);
  co_return fetched;
}

task<result<found_image>> resolve_at(std::shared_ptr<registry_core> core, registry_lookup lookup,
                                     registry_endpoint endpoint, clock::time_point deadline) {
  auto opening = open_for_pull(core, lookup, std::move(endpoint), deadline);
  auto access = co_await opening;
  if (!access) co_return access.error();
  auto finding = find_manifest(*access, lookup.ref.path, name_of(lookup.ref));
  auto manifest = co_await finding;
  if (!manifest) co_return manifest.error();
  if (kind_of(manifest->media_type) == manifest_kind::image) co_return found(lookup, *manifest);

  auto reading = index_with_body(*access, lookup.ref.path, *manifest);
  auto index = co_await reading;
  if (!index) co_return index.error();
  auto entries = parse_index(index->body);
  if (!entries) co_return describe(access->topic, entries.error());
  auto chosen = select_platform(*entries, core->settings.platform);
  if (!chosen) co_return describe(access->topic, chosen.error());
  co_return found(lookup, {chosen->digest, chosen->media_type, {}});
}

/// One attempt: the mirror, where there is one, then the registry itself.
task<result<found_image>> resolve_once(std::shared_ptr<registry_core> core, registry_lookup lookup,
                                       clock::time_point deadline) {
  auto endpoints = pull_endpoints(core->settings, lookup.ref.domain);
  // What a mirror has of the service's own images may be old.
  if (lookup.purpose == registry_purpose::own_image) endpoints.erase(endpoints.begin(), endpoints.end() - 1);
  for (size_t i = 0; i + 1 < endpoints.size(); ++i) {
    // A mirror that hangs leaves the registry half of the time.
    auto half = clock::now() + (deadline - clock::now()) / 2;
    auto asking = resolve_at(core, lookup, endpoints[i], half);
    auto image = co_await asking;
    if (image || image.error().code == error_code::cancelled) co_return image;
  }
  auto asking = resolve_at(core, lookup, endpoints.back(), deadline);
  auto image = co_await asking;
  co_return image;
}

task<result<found_image>> head_once(std::shared_ptr<registry_core> core, registry_lookup lookup,
                                    clock::time_point deadline) {
  auto opening = open_for_pull(core, lookup, endpoint_of(core->settings, lookup.ref.domain), deadline);
  auto access = co_await opening;
  if (!access) co_return access.error();
  auto finding = find_manifest(*access, lookup.ref.path, name_of(lookup.ref));
  auto manifest = co_await finding;
  if (!manifest) co_return manifest.error();
  co_return found(lookup, *manifest);
}

/// How long to wait before the next attempt: what the registry asked for, and half to one and a half of a
/// doubling time by chance, so that those who failed together do not come back together.
milliseconds pause_after(registry_core& core, const error& failure, int attempt) {
  const auto base = first_pause_ms << attempt;
  std::uniform_int_distribution<int64_t> chance(base / 2, base + base / 2);
  return milliseconds(failure.retry_after_ms.value_or(0) + chance(core.jitter));
}

/// An attempt that hangs leaves the next ones half of the time.
clock::time_point attempt_deadline(const registry_lookup& lookup, int attempt, clock::time_point deadline) {
  if (!lookup.retry || attempt == max_retries) return deadline;
  return clock::now() + (deadline - clock::now()) / 2;
}

task<result<found_image>> with_retries(std::shared_ptr<registry_core> core, registry_lookup lookup,
                                       lookup_step step) {
  const auto deadline = clock::now() + milliseconds(core->settings.request_timeout_ms);
  for (int attempt = 0;; ++attempt) {
    auto trying = step(core, lookup, attempt_deadline(lookup, attempt, deadline));
    auto image = co_await trying;
    if (image || !lookup.retry || attempt == max_retries || !is_transient(image.error().code))
      co_return image;
    const auto pause = pause_after(*core, image.error(), attempt);
    if (clock::now() + pause >= deadline) co_return image;
    http_delay delay(*core->http, pause);
    auto waited = co_await delay;
    if (!waited) co_return describe(topic_of(lookup), waited.error());
  }
}

} // namespace

task<result<found_image>> resolve_image(std::shared_ptr<registry_core> core, registry_lookup lookup) {
  return with_retries(std::move(core), std::move(lookup), &resolve_once);
}

task<result<found_image>> head_image(std::shared_ptr<registry_core> core, registry_lookup lookup) {
  return with_retries(std::move(core), std::move(lookup), &head_once);
}

} // namespace ib::io
