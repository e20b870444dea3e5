#pragma once

#include "actors/domain/digest_cache.hpp"
#include "actors/interfaces.hpp"
#include "actors/io/registry_client.hpp"
#include "actors/metrics.hpp"
#include "actors/ref_cache.hpp"

#include <caf/typed_response_promise.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace ib {

struct resolver_settings {
  size_t workers = 4;
  size_t cached_digests = 4096;     ///< per worker
  std::shared_ptr<ref_board> ahead; ///< what was resolved ahead of time, or null
  int64_t tag_cache_ms = 0;         ///< how long the digest of a tag is kept; 0 asks every time
  std::shared_ptr<metrics> meter = std::make_shared<metrics>();
};

/// A lookup came back from the registry client.
struct lookup_done {
  std::string key;
  uint64_t flight = 0; ///< a cancelled lookup's answer may come while a new one for the same is in flight
  result<io::found_image> image;
};

/// Somebody who waited for a lookup has gone away.
struct asker_left {
  std::string key;
  uint64_t asker = 0;
};

/// A digest that is kept, as it is shown to those who look at the service.
struct cached_digest {
  std::string ref;
  std::string digest;
  int64_t age_ms = 0;
  std::optional<int64_t> expires_in_ms; ///< without it: until there is no more room
};

/// Somebody wants to see what is kept.
struct list_cached {
  size_t most = 0; ///< rows wanted at most
};

struct cached_digests {
  std::vector<cached_digest> rows; ///< the newest, youngest first
  size_t kept = 0;                 ///< how many there are
};

/// A resolver that shows its cache. The pool and its workers both do.
using caching_resolver = resolver_actor::extend<
    // Answers with what is kept, the workers' together.
    caf::replies_to<list_cached>::with<cached_digests>>;

using resolver_impl = caching_resolver::extend<caf::reacts_to<lookup_done>, caf::reacts_to<asker_left>>;

/// One worker of the pool: answers from its cache or asks the registry; everyone who asks the same while a
/// lookup is in flight shares its answer (single-flight). A lookup that nobody waits for any more is
/// cancelled.
class resolution {
public:
  explicit resolution(resolver_impl::pointer self) : self_(self) {}
  /// Whoever still waits is told that nothing will come.
  ~resolution();

  void begin(std::shared_ptr<io::registry_client> client, resolver_settings settings);
  caf::typed_response_promise<image_answer> resolve(const resolve_image& wish);
  caf::typed_response_promise<image_answer> find(const find_image& wish);
  void done(const lookup_done& answer);
  void leave(const asker_left& who);
  cached_digests list(const list_cached& wish) const;

private:
  using promise = caf::typed_response_promise<image_answer>;
  using leave_callback = std::stop_callback<std::function<void()>>;
  struct waiter {
    uint64_t id = 0;
    promise answer;
    std::unique_ptr<leave_callback> on_leave;
  };
  struct flight {
    uint64_t id = 0;
    io::registry_lookup lookup;
    bool cacheable = false;
    std::stop_source stop;
    std::vector<waiter> waiting;
  };

  /// Waits for the flight of `key`; true where it has to be started.
  bool wait(const std::string& key, const io::registry_lookup& lookup, promise answer);
  std::function<void(result<io::found_image>)> landing(const std::string& key);
  void keep(const flight& landed, const std::string& key, const result<io::found_image>& image);
  int64_t now_ms() const;

  resolver_impl::pointer self_;
  std::shared_ptr<io::registry_client> client_;
  resolver_settings settings_;
  std::unique_ptr<digest_cache> cache_;
  std::map<std::string, flight> flights_;
  uint64_t last_id_ = 0; ///< of waiters and flights
};

struct resolver_state {
  explicit resolver_state(resolver_impl::pointer self) : work(self) {}
  resolution work;
};

/// Brings the rows of several caches into order and cuts them to `most`.
void keep_youngest(cached_digests& list, size_t most);

/// `worker`: its place in the pool.
resolver_impl::behavior_type resolver(resolver_impl::stateful_pointer<resolver_state> self,
                                      std::shared_ptr<io::registry_client> client, resolver_settings settings,
                                      size_t worker);

} // namespace ib

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::lookup_done)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::asker_left)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::list_cached)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::cached_digests)
