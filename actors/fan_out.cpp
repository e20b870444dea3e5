#include "actors/fan_out.hpp"

#include "actors/observe.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <utility>

namespace ib {

fan_out_impl::behavior_type fan_out(fan_out_impl::stateful_pointer<fan_out_state> self,
                                    std::shared_ptr<running_builds_board> board) {
  auto seen = enter_board(self, "fan_out", "house/fan_out");
  auto now = board->read();
  for (const auto& channel : now->channels())
    channel->wake_all();
  return seen.observe(
      [self](const channel_grew& m) {
        if (m.channel->parked() < crowd) {
          m.channel->wake_all();
          return;
        }
        self->state.due.insert(m.channel);
        if (!std::exchange(self->state.ticking, true))
          self->delayed_send(self, crowd_interval, fan_out_tick{});
      },
      [self](const fan_out_tick&) {
        self->state.ticking = false;
        for (const auto& channel : std::exchange(self->state.due, {}))
          channel->wake_all();
      });
}

} // namespace ib
