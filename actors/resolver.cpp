#include "actors/resolver.hpp"

#include "actors/domain/sha256.hpp"
#include "actors/guard.hpp"

#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <utility>

namespace ib {

namespace {

void add(std::string& text, std::string_view field) {
  text += std::to_string(field.size());
  text += ':';
  text += field;
}

/// Who asks with the same credentials for the same image asks the same. Hashed: it holds secrets.
std::string key_of(char kind, const io::registry_lookup& lookup) {
  std::string text(1, kind);
  text += static_cast<char>('0' + static_cast<int>(lookup.purpose));
  text += lookup.retry ? 'r' : '-';
  add(text, lookup.ref.repository());
  add(text, lookup.ref.tag);
  add(text, lookup.ref.digest);
  const auto& auth = lookup.auth;
  text += static_cast<char>('0' + static_cast<int>(auth.mode));
  text += auth.allow_all ? '1' : '0';
  text += auth.allow_base_repository ? '1' : '0';
  text += auth.allow_workspace_repository ? '1' : '0';
  for (const auto& domain : auth.any_of)
    add(text, domain);
  text += '/';
  for (const auto& [domain, value] : auth.additional) {
    add(text, domain);
    add(text, value);
  }
  return sha256_hex(text);
}

} // namespace

resolution::~resolution() {
  error gone{error_code::unavailable, "the lookup was lost inside the service; try again", "", {}};
  for (auto& [key, flying] : flights_)
    for (auto& waiting : flying.waiting)
      waiting.deliver(image_answer{gone});
}

void resolution::begin(std::shared_ptr<io::registry_client> client, resolver_settings settings) {
  client_ = std::move(client);
  settings_ = settings;
  cache_ = std::make_unique<digest_cache>(settings_.cached_digests);
}

caf::typed_response_promise<image_answer> resolution::resolve(const resolve_image& wish) {
  auto answer = self_->make_response_promise<image_answer>();
  auto key = key_of('r', wish.lookup);
  if (auto digest = cache_->get(key, now_ms())) {
    auto ref = wish.lookup.ref;
    ref.tag.clear();
    ref.digest = *digest;
    answer.deliver(image_answer{io::found_image{std::move(ref), ""}});
  } else if (!join(key, answer)) {
    flights_.emplace(key, flight{wish.lookup, true, {answer}});
    client_->resolve(wish.lookup, [self = resolver_impl(self_), key](result<io::found_image> image) {
      caf::anon_send(self, lookup_done{key, std::move(image)});
    });
  }
  return answer;
}

caf::typed_response_promise<image_answer> resolution::find(const find_image& wish) {
  auto answer = self_->make_response_promise<image_answer>();
  auto key = key_of('f', wish.lookup);
  if (join(key, answer)) return answer;
  flights_.emplace(key, flight{wish.lookup, false, {answer}});
  client_->head(wish.lookup, [self = resolver_impl(self_), key](result<io::found_image> image) {
    caf::anon_send(self, lookup_done{key, std::move(image)});
  });
  return answer;
}

bool resolution::join(const std::string& key, promise& answer) {
  auto flying = flights_.find(key);
  if (flying == flights_.end()) return false;
  flying->second.waiting.push_back(answer);
  return true;
}

void resolution::done(const lookup_done& answer) {
  auto flying = flights_.extract(answer.key);
  if (flying.empty()) return;
  auto& landed = flying.mapped();
  keep(landed, answer.key, answer.image);
  for (auto& waiting : landed.waiting)
    waiting.deliver(image_answer{answer.image});
}

void resolution::keep(const flight& landed, const std::string& key, const result<io::found_image>& image) {
  if (!landed.cacheable || !image) return;
  bool pinned = !landed.lookup.ref.digest.empty();
  if (pinned)
    cache_->put(key, image->ref.digest, std::nullopt);
  else if (settings_.tag_cache_ms > 0)
    cache_->put(key, image->ref.digest, now_ms() + settings_.tag_cache_ms);
}

int64_t resolution::now_ms() const {
  return std::chrono::duration_cast<std::chrono::milliseconds>(self_->clock().now().time_since_epoch())
      .count();
}

resolver_impl::behavior_type resolver(resolver_impl::stateful_pointer<resolver_state> self,
                                      std::shared_ptr<io::registry_client> client,
                                      resolver_settings settings) {
  auto* work = &self->state.work;
  keep_what(self, "resolver");
  work->begin(std::move(client), settings);
  return {
      [work](const resolve_image& wish) { return work->resolve(wish); },
      [work](const find_image& wish) { return work->find(wish); },
      [work](const lookup_done& answer) { work->done(answer); },
  };
}

} // namespace ib
