#pragma once

#include "actors/interfaces.hpp"
#include "actors/running_builds.hpp"

#include <chrono>
#include <memory>
#include <set>

namespace ib {

struct fan_out_tick {};

using fan_out_impl = fan_out_actor::extend<caf::reacts_to<fan_out_tick>>;

struct fan_out_state {
  explicit fan_out_state(fan_out_impl::pointer) {}

  std::set<channel_ptr> due; ///< channels whose readers are woken at the next tick
  bool ticking = false;
};

/// Wakes the readers of channels on behalf of the builds, so that a build never pays for its audience: waking
/// a reader may cost a system call.
///
/// Begins by waking everyone: what a crashed incarnation had still to wake is not known.
fan_out_impl::behavior_type fan_out(fan_out_impl::stateful_pointer<fan_out_state> self,
                                    std::shared_ptr<running_builds_board> board);

/// Up to this many parked readers are woken at once; more are woken together every `crowd_interval`.
inline constexpr size_t crowd = 50;
inline constexpr std::chrono::milliseconds crowd_interval{35};

} // namespace ib

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::fan_out_tick)
