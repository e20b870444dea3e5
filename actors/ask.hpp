#pragma once

#include <caf/actor_clock.hpp>
#include <caf/error.hpp>

#include <type_traits>
#include <utility>

namespace ib {

/// Takes what comes of a request() that is made again and again: the answer (`Answer`; void where there is
/// none to it) or why there is none. The deadline goes when either comes; CAF's clock keeps it until it is
/// due, 140 bytes for each request of the last half minute.
template <class Answer, class Self, class Asked, class Then, class Failed>
void take_answer(Self* self, const Asked& asked, Then then, Failed failed) {
  auto let_go = [self, id = asked.id()] { self->clock().cancel_request_timeout(self, id); };
  auto fail = [let_go, failed = std::move(failed)](const caf::error& why) {
    let_go();
    failed(why);
  };
  if constexpr (std::is_void_v<Answer>)
    asked.then(
        [let_go, then = std::move(then)] {
          let_go();
          then();
        },
        fail);
  else
    asked.then(
        [let_go, then = std::move(then)](const Answer& answer) {
          let_go();
          then(answer);
        },
        fail);
}

} // namespace ib
