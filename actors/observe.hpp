#pragma once

#include "actors/guard.hpp"
#include "actors/house_config.hpp"
#include "actors/io/actor_board.hpp"

#include <caf/actor_addr.hpp>
#include <caf/actor_cast.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/behavior.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>
#include <caf/system_messages.hpp>
#include <caf/typed_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

// How an actor comes to stand on the board of actors, and what is done to it from there. An actor says
//
//   auto seen = enter_board(self, "journal", "house/journal");
//   return seen.observe([](const ask&) { ... }, [](const tell&) { ... });

namespace ib {

/// To the actor that a held mailbox waits for.
struct hold_mailbox {
  int64_t ms = 0;
};
struct hold_is_over {};
/// From the holder to itself.
struct hold_has_passed {};

using holder_actor = caf::typed_actor<
    // Answers once the time it was asked for has passed.
    caf::replies_to<hold_mailbox>::with<hold_is_over>>;
using holder_impl = holder_actor::extend<caf::reacts_to<hold_has_passed>>;

/// Serves one held mailbox and ends.
holder_impl::behavior_type holder(holder_impl::pointer self);

/// One handler with its actor's probe around it: the same signature, so that CAF sees no difference.
template <class Self, class F, class Signature = decltype(&F::operator())>
class observed_handler;

/// An actor as its probe sees it.
template <class Self>
class observed_actor {
public:
  observed_actor(Self* self, io::actor_probe* probe) : self_(self), probe_(probe) {}

  /// A behavior of these handlers, each counted and open to injected faults.
  template <class... Fs>
  typename Self::behavior_type observe(Fs... handlers) const {
    return {observed_handler<Self, Fs>(*this, std::move(handlers))...};
  }

  void begin_message() const { probe_->begin_message(self_->mailbox().queue().total_task_size()); }
  void end_message() const {
    if (auto ms = probe_->end_message(); ms > 0) hold(ms);
  }

private:
  /// Whoever awaits an answer gets nothing else meanwhile, not even the wish that it may end, and holds up
  /// nobody else.
  void hold(int64_t ms) const {
    holder_actor waiting = self_->system().spawn(holder);
    // CAF looks again at what it put aside of the ordinary messages only; a wish to end is an urgent one.
    auto go_on = [self = self_] { self->mailbox().flush_cache(); };
    self_->request(waiting, std::chrono::milliseconds(ms) + std::chrono::seconds(30), hold_mailbox{ms})
        .await([go_on](const hold_is_over&) { go_on(); }, [go_on](const caf::error&) { go_on(); });
  }

  Self* self_;
  io::actor_probe* probe_; ///< lives until the actor has ended
};

template <class Self, class F, class R, class... Args>
class observed_handler<Self, F, R (F::*)(Args...) const> {
public:
  observed_handler(observed_actor<Self> actor, F handler)
      : actor_(std::move(actor)), handler_(std::move(handler)) {}

  R operator()(Args... args) const {
    actor_.begin_message();
    if constexpr (std::is_void_v<R>) {
      handler_(std::forward<Args>(args)...);
      actor_.end_message();
    } else {
      R answer = handler_(std::forward<Args>(args)...);
      actor_.end_message();
      return answer;
    }
  }

private:
  observed_actor<Self> actor_;
  F handler_;
};

/// Puts an actor on its system's board until it ends, and makes an exception in one of its handlers end it
/// with a logged reason (keep_what). `path` names it in the tree: its supervisor's path, a slash, its name.
template <class Self>
observed_actor<Self> enter_board(Self* self, std::string kind, const std::string& path, io::bound_log log) {
  auto board = actor_board_of(self->system());
  auto address = caf::actor_cast<caf::actor_addr>(self);
  auto probe = board->enter(path, std::move(kind), [address](const std::string& why) {
    if (auto actor = caf::actor_cast<caf::actor>(address))
      caf::anon_send<caf::message_priority::high>(
          actor, caf::exit_msg{actor.address(), caf::make_error(caf::sec::runtime_error, why)});
  });
  keep_what(self, probe->path(), std::move(log));
  self->attach_functor([board, probe, &system = self->system()](const caf::error& reason) {
    bool as_wished =
        !reason || reason == caf::exit_reason::normal || reason == caf::exit_reason::user_shutdown;
    board->leave(probe, as_wished ? std::nullopt : std::optional(system.render(reason)));
  });
  return {self, probe.get()};
}

/// The same for an actor whose log is about no single build.
template <class Self>
observed_actor<Self> enter_board(Self* self, std::string kind, const std::string& path) {
  return enter_board(self, std::move(kind), path, log_of(path));
}

} // namespace ib

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::hold_mailbox)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::hold_is_over)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::hold_has_passed)
