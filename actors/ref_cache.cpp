#include "actors/ref_cache.hpp"

#include "actors/names.hpp"
#include "actors/observe.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <algorithm>
#include <utility>

namespace ib {

namespace {

using pointer = ref_cache_actor::stateful_pointer<ref_cache_state>;

void keep(ref_board& board, const reference& ref, const io::found_image& image) {
  auto now = *board.read();
  const auto known = std::exchange(now[board_key(ref)], image);
  board.publish(std::move(now));
  if (known.ref.digest != image.ref.digest)
    log_of("house/ref_cache")
        .info("resolved ahead", {{"ref", ref.to_string()}, {"digest", image.ref.digest}});
}

void end_lookup(pointer self, const ref_cache_config& config) {
  if (--self->state.pending > 0) return;
  auto pause = self->state.failed ? std::min(config.retry_pause, config.interval) : config.interval;
  self->delayed_send(self, pause, refresh_refs{});
}

void look_up(pointer self, const std::shared_ptr<ref_board>& board, const ref_cache_config& config,
             const reference& ref) {
  auto failed = [self, config, ref](const std::string& why) {
    log_of("house/ref_cache")
        .warning("cannot refresh a cached reference; the last good answer stays",
                 {{"ref", ref.to_string()}, {"cause", why}});
    self->state.failed = true;
    end_lookup(self, config);
  };
  auto pool = find_actor<resolver_actor>(self->system(), names::resolver);
  if (!pool) return failed("the resolver is restarting");
  request_auth all;
  all.mode = request_auth::kind::total;
  all.allow_all = true;
  self->request(pool, ask_timeout, resolve_image{{ref, all, registry_purpose::resolve, true}, true})
      .then(
          [self, board, config, ref, failed](const image_answer& answer) {
            if (!answer.image) return failed(answer.image.error().message);
            keep(*board, ref, *answer.image);
            end_lookup(self, config);
          },
          [failed](const caf::error&) { failed("the resolver did not answer"); });
}

} // namespace

std::string board_key(const reference& ref) { return ref.repository() + ":" + ref.tag + "@" + ref.digest; }

std::optional<io::found_image> find_ahead(const ref_board& board, const reference& ref) {
  auto answers = board.read();
  auto known = answers->find(board_key(ref));
  return known == answers->end() ? std::nullopt : std::optional(known->second);
}

ref_cache_actor::behavior_type ref_cache(pointer self, std::shared_ptr<ref_board> board,
                                         ref_cache_config config) {
  auto seen = enter_board(self, "ref_cache", "house/ref_cache");
  if (!config.refs.empty()) self->send(self, refresh_refs{});
  return seen.observe([self, board, config](const refresh_refs&) {
    self->state.failed = false;
    self->state.pending = config.refs.size();
    for (const auto& ref : config.refs)
      look_up(self, board, config, ref);
  });
}

} // namespace ib
