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

void end_lookup(pointer self, uint64_t round) {
  auto& state = self->state;
  if (round != state.round || --state.pending > 0) return;
  auto pause =
      state.failed ? std::min(state.config.retry_pause, state.config.interval) : state.config.interval;
  self->delayed_send(self, pause, refresh_refs{round});
}

void look_up(pointer self, const std::shared_ptr<ref_board>& board, const reference& ref) {
  auto round = self->state.round;
  auto failed = [self, round, ref](const std::string& why) {
    if (round != self->state.round) return;
    log_of("house/ref_cache")
        .warning("cannot refresh a cached reference; the last good answer stays",
                 {{"ref", ref.to_string()}, {"cause", why}});
    self->state.failed = true;
    end_lookup(self, round);
  };
  auto pool = find_actor<resolver_actor>(self->system(), names::resolver);
  if (!pool) return failed("the resolver is restarting");
  request_auth all;
  all.mode = request_auth::kind::total;
  all.allow_all = true;
  self->request(pool, ask_timeout, resolve_image{{ref, all, registry_purpose::resolve, true}, true})
      .then(
          [self, board, round, ref, failed](const image_answer& answer) {
            if (!answer.image) return failed(answer.image.error().message);
            if (round != self->state.round) return;
            keep(*board, ref, *answer.image);
            end_lookup(self, round);
          },
          [failed](const caf::error&) { failed("the resolver did not answer"); });
}

void begin_round(pointer self, const std::shared_ptr<ref_board>& board) {
  auto& state = self->state;
  ++state.round;
  state.failed = false;
  state.pending = state.config.refs.size();
  for (const auto& ref : state.config.refs)
    look_up(self, board, ref);
}

/// What the configuration does not name any more is asked for like any other reference.
void forget_others(ref_board& board, const ref_cache_config& config) {
  ref_board::answers named;
  auto known = board.read();
  for (const auto& ref : config.refs)
    if (auto answer = known->find(board_key(ref)); answer != known->end()) named.insert(*answer);
  board.publish(std::move(named));
}

} // namespace

std::string board_key(const reference& ref) { return ref.repository() + ":" + ref.tag + "@" + ref.digest; }

std::shared_ptr<const io::found_image> find_ahead(const ref_board& board, const reference& ref) {
  auto answers = board.read();
  auto known = answers->find(board_key(ref));
  if (known == answers->end()) return nullptr;
  return {std::move(answers), &known->second};
}

ref_cache_actor::behavior_type ref_cache(pointer self, std::shared_ptr<ref_board> board,
                                         ref_cache_config config) {
  auto seen = enter_board(self, "ref_cache", "house/ref_cache");
  self->state.config = std::move(config);
  if (!self->state.config.refs.empty()) self->send(self, refresh_refs{});
  return seen.observe(
      [self, board](const refresh_refs& m) {
        if (m.after == self->state.round) begin_round(self, board);
      },
      [self, board](const change_refs& m) {
        self->state.config = m.config;
        forget_others(*board, m.config);
        begin_round(self, board);
      });
}

} // namespace ib
