#pragma once

#include "actors/ask.hpp"
#include "actors/names.hpp"

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/error.hpp>

#include <chrono>
#include <functional>
#include <utility>

namespace ib {

/// Time for an actor to say something again that nobody has heard yet; it only calls `words`.
struct say_again {
  std::function<void()> words;
};

inline constexpr std::chrono::milliseconds insist_pause{200};

/// Tells an actor of the house something that must not be lost, until it has heard it: between a crash and
/// the restart a name leads to nobody, a successor works before its name leads to it, and one that dies takes
/// its mailbox along. It may hear it twice. Not said any more once `wanted` is false.
template <class Listener, class Self, class Message, class Wanted>
void insist(Self* self, caf::atom_value name, Message message, Wanted wanted) {
  if (!wanted()) return;
  auto later = [self, name, message, wanted] {
    self->delayed_send(self, insist_pause, say_again{[self, name, message, wanted] {
                         insist<Listener>(self, name, message, wanted);
                       }});
  };
  auto listener = find_actor<Listener>(self->system(), name);
  if (!listener) return later();
  take_answer<void>(
      self, self->request(listener, ask_timeout, std::move(message)), [] {},
      [later](const caf::error&) { later(); });
}

} // namespace ib

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::say_again)
