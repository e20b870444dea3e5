#pragma once

#include "actors/insist.hpp"
#include "actors/interfaces.hpp"

namespace ib {

// What a build tells itself, and with it the whole of what it understands.

struct build_time_limit {};
struct build_stall_check {};
/// The engine was away when this attempt needed it; it may be back by now.
struct build_engine_retry {
  int attempt = 1;
  bool attach = false;
};
/// The journal was away or could not write; it may be back by now.
struct build_journal_retry {};

using build_impl = build_actor::extend<caf::reacts_to<build_time_limit>, caf::reacts_to<build_stall_check>,
                                       caf::reacts_to<build_engine_retry>,
                                       caf::reacts_to<build_journal_retry>, caf::reacts_to<say_again>>;

} // namespace ib

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::build_time_limit)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::build_stall_check)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::build_engine_retry)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::build_journal_retry)
