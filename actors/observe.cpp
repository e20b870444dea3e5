#include "actors/observe.hpp"

#include <caf/typed_response_promise.hpp>

namespace ib {

holder_impl::behavior_type holder(holder_impl::pointer self) {
  auto answer = std::make_shared<caf::typed_response_promise<hold_is_over>>();
  return {
      [self, answer](const hold_mailbox& wish) {
        *answer = self->make_response_promise<hold_is_over>();
        self->delayed_send(self, std::chrono::milliseconds(wish.ms), hold_has_passed{});
        return *answer;
      },
      [self, answer](const hold_has_passed&) {
        answer->deliver(hold_is_over{});
        self->quit();
      },
  };
}

} // namespace ib
