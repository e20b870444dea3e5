#include "actors/io/actor_probe.hpp"

namespace ib::io {

namespace {

bool take(std::atomic<uint32_t>& left) {
  for (auto now = left.load(); now > 0;)
    if (left.compare_exchange_weak(now, now - 1)) return true;
  return false;
}

} // namespace

void actor_probe::arm_throw(uint32_t count, throw_moment when) {
  (when == throw_moment::before ? throws_before_ : throws_after_).fetch_add(count);
  armed_ = true;
}

void actor_probe::arm_hold(uint32_t count, int64_t hold_ms) {
  hold_ms_ = hold_ms;
  holds_.fetch_add(count);
  armed_ = true;
}

void actor_probe::disarm() {
  for (auto* left : {&throws_before_, &throws_after_, &holds_})
    *left = 0;
  armed_ = false;
}

void actor_probe::throw_where_due(throw_moment when) {
  bool before = when == throw_moment::before;
  if (!take(before ? throws_before_ : throws_after_)) return;
  faults_->note(fault_kind::handler_threw, path_);
  throw injected_fault(before ? "an injected fault" : "an injected fault after the work was done");
}

int64_t actor_probe::hold_where_due() {
  if (!take(holds_)) return 0;
  faults_->note(fault_kind::mailbox_held, path_);
  return hold_ms_;
}

} // namespace ib::io
