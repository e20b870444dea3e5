#include "actors/resolver.hpp"

#include "actors/domain/sha256.hpp"
#include "actors/io/log.hpp"
#include "actors/observe.hpp"

#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <prometheus/counter.h>

#include <algorithm>
#include <tuple>
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

void tell(std::string_view what, const io::registry_lookup& lookup) {
  log_of("house/resolver").debug(what, {{"registry", lookup.ref.domain}, {"image", lookup.ref.path}});
}

} // namespace

resolution::~resolution() {
  error gone{error_code::unavailable, "the lookup was lost inside the service; try again", "", {}};
  for (auto& [key, flying] : flights_)
    for (auto& waiting : flying.waiting)
      waiting.answer.deliver(image_answer{gone});
}

void resolution::begin(std::shared_ptr<io::registry_client> client, resolver_settings settings) {
  client_ = std::move(client);
  settings_ = std::move(settings);
  cache_ = std::make_unique<digest_cache>(settings_.cached_digests);
}

caf::typed_response_promise<image_answer> resolution::resolve(const resolve_image& wish) {
  auto answer = self_->make_response_promise<image_answer>();
  auto key = key_of('r', wish.lookup);
  if (auto digest = cache_->get(key, now_ms())) {
    settings_.meter->registry(wish.lookup.ref.domain).cached.Increment();
    auto ref = wish.lookup.ref;
    ref.tag.clear();
    ref.digest = *digest;
    answer.deliver(image_answer{io::found_image{std::move(ref), ""}});
  } else if (wait(key, wish.lookup, answer)) {
    auto& started = flights_.at(key);
    started.cacheable = true;
    client_->resolve(started.lookup, landing(key));
  }
  return answer;
}

caf::typed_response_promise<image_answer> resolution::find(const find_image& wish) {
  auto answer = self_->make_response_promise<image_answer>();
  auto key = key_of('f', wish.lookup);
  if (wait(key, wish.lookup, answer)) client_->head(flights_.at(key).lookup, landing(key));
  return answer;
}

bool resolution::wait(const std::string& key, const io::registry_lookup& lookup, promise answer) {
  auto [flying, is_new] = flights_.try_emplace(key);
  auto& where = flying->second;
  auto& counts = settings_.meter->registry(lookup.ref.domain);
  (is_new ? counts.misses : counts.shared).Increment();
  if (is_new) {
    where.id = ++last_id_;
    where.lookup = lookup;
    where.lookup.asker = where.stop.get_token();
  } else {
    tell("a lookup under way is shared", where.lookup);
  }
  auto id = ++last_id_;
  where.waiting.push_back({id, std::move(answer), nullptr});
  if (lookup.asker.stop_possible())
    where.waiting.back().on_leave =
        std::make_unique<leave_callback>(lookup.asker, [self = resolver_impl(self_), key, id] {
          caf::anon_send(self, asker_left{key, id});
        });
  return is_new;
}

std::function<void(result<io::found_image>)> resolution::landing(const std::string& key) {
  return [self = resolver_impl(self_), key, flight = flights_.at(key).id](result<io::found_image> image) {
    caf::anon_send(self, lookup_done{key, flight, std::move(image)});
  };
}

void resolution::leave(const asker_left& who) {
  auto flying = flights_.find(who.key);
  if (flying == flights_.end()) return;
  auto& waiting = flying->second.waiting;
  auto gone =
      std::find_if(waiting.begin(), waiting.end(), [&](const auto& one) { return one.id == who.asker; });
  if (gone == waiting.end()) return;
  gone->answer.deliver(image_answer{error{error_code::cancelled, "the caller has gone away", "", {}}});
  waiting.erase(gone);
  if (!waiting.empty()) return tell("one of those who wait for a lookup has left", flying->second.lookup);
  tell("nobody waits for a lookup any more: it is cancelled", flying->second.lookup);
  flying->second.stop.request_stop();
  flights_.erase(flying);
}

void resolution::done(const lookup_done& answer) {
  auto flying = flights_.find(answer.key);
  if (flying == flights_.end() || flying->second.id != answer.flight) return;
  auto landed = std::move(flying->second);
  flights_.erase(flying);
  keep(landed, answer.key, answer.image);
  if (!answer.image) {
    auto code = static_cast<size_t>(answer.image.error().code);
    settings_.meter->registry(landed.lookup.ref.domain).failed.at(code)->Increment();
  }
  for (auto& waiting : landed.waiting)
    waiting.answer.deliver(image_answer{answer.image});
}

void resolution::keep(const flight& landed, const std::string& key, const result<io::found_image>& image) {
  if (!landed.cacheable || !image) return;
  bool pinned = !landed.lookup.ref.digest.empty();
  digest_note note{landed.lookup.ref.to_string(), now_ms()};
  if (pinned)
    cache_->put(key, image->ref.digest, std::nullopt, std::move(note));
  else if (settings_.tag_cache_ms > 0)
    cache_->put(key, image->ref.digest, now_ms() + settings_.tag_cache_ms, std::move(note));
}

cached_digests resolution::list(const list_cached& wish) const {
  cached_digests list;
  auto now = now_ms();
  for (const auto& entry : cache_->entries()) {
    if (entry.expires_at_ms && *entry.expires_at_ms <= now) continue;
    cached_digest row{entry.note.ref, entry.digest, now - entry.note.at_ms, std::nullopt};
    if (entry.expires_at_ms) row.expires_in_ms = *entry.expires_at_ms - now;
    list.rows.push_back(std::move(row));
  }
  list.kept = list.rows.size();
  keep_youngest(list, wish.most);
  return list;
}

void keep_youngest(cached_digests& list, size_t most) {
  std::sort(list.rows.begin(), list.rows.end(), [](const auto& a, const auto& b) {
    return std::tie(a.age_ms, a.ref, a.digest) < std::tie(b.age_ms, b.ref, b.digest);
  });
  if (list.rows.size() > most) list.rows.resize(most);
}

int64_t resolution::now_ms() const {
  return std::chrono::duration_cast<std::chrono::milliseconds>(self_->clock().now().time_since_epoch())
      .count();
}

resolver_impl::behavior_type resolver(resolver_impl::stateful_pointer<resolver_state> self,
                                      std::shared_ptr<io::registry_client> client, resolver_settings settings,
                                      size_t worker) {
  auto* work = &self->state.work;
  auto seen = enter_board(self, "resolver", "house/resolver/" + std::to_string(worker));
  work->begin(std::move(client), settings);
  return seen.observe([work](const resolve_image& wish) { return work->resolve(wish); },
                      [work](const find_image& wish) { return work->find(wish); },
                      [work](const list_cached& wish) { return work->list(wish); },
                      [work](const lookup_done& answer) { work->done(answer); },
                      [work](const asker_left& who) { work->leave(who); });
}

} // namespace ib
