#include "actors/io/fault_injector.hpp"

#include "actors/io/interruptible_wait.hpp"

#include <csignal>
#include <utility>

namespace ib::io {

namespace {

error nobody(const std::string& path) {
  return {error_code::not_found, "no actor lives under " + path, "path", {}};
}

} // namespace

const char* to_string(fault_place place) {
  switch (place) {
  case fault_place::registry:
    return "registry";
  case fault_place::git:
    return "git";
  case fault_place::process:
    return "process";
  case fault_place::journal:
    return "journal";
  case fault_place::wsman:
    return "ws-manager";
  }
  return "unknown";
}

result<void> meet_faults(fault_points* points, fault_place place, const std::stop_token& stop) {
  if (points == nullptr) return {};
  auto fault = points->next(place);
  if (fault.delay.count() > 0 && !wait_or_stop(fault.delay, stop))
    return error{error_code::cancelled, "stopped", "", {}};
  if (fault.failure) return *fault.failure;
  return {};
}

result<size_t> fault_injector::kill_actor(const std::string& path) {
  // Noted first, so that the log tells cause before effect.
  auto found = board_->probes(path).size();
  if (found == 0) return nobody(path);
  for (size_t i = 0; i < found; ++i)
    board_->faults().note(fault_kind::actor_killed, path);
  board_->kill(path, "killed by fault injection");
  return found;
}

result<size_t> fault_injector::throw_in_actor(const std::string& path, uint32_t count, throw_moment when) {
  auto found = board_->probes(path);
  if (found.empty()) return nobody(path);
  for (const auto& probe : found)
    probe->arm_throw(count, when);
  return found.size();
}

result<size_t> fault_injector::hold_mailbox(const std::string& path, uint32_t count,
                                            std::chrono::milliseconds time) {
  auto found = board_->probes(path);
  if (found.empty()) return nobody(path);
  for (const auto& probe : found)
    probe->arm_hold(count, time.count());
  return found.size();
}

void fault_injector::plan(fault_place place, uint32_t count, planned_fault fault) {
  std::lock_guard lock(mutex_);
  plans_[static_cast<size_t>(place)].push_back({count, std::move(fault)});
}

void fault_injector::clear() {
  board_->disarm();
  std::lock_guard lock(mutex_);
  for (auto& plan : plans_)
    plan.clear();
  held_.clear();
}

planned_fault fault_injector::next(fault_place place) {
  planned_fault fault;
  {
    std::lock_guard lock(mutex_);
    auto& plan = plans_[static_cast<size_t>(place)];
    while (!plan.empty() && plan.front().left == 0)
      plan.pop_front();
    if (plan.empty()) return {};
    plan.front().left -= 1;
    fault = plan.front().fault;
  }
  if (fault.delay.count() > 0) board_->faults().note(fault_kind::operation_delayed, to_string(place));
  if (fault.failure) board_->faults().note(fault_kind::operation_failed, to_string(place));
  return fault;
}

result<size_t> fault_injector::kill_child(const std::string& build_id) {
  // Under the lock a child that has ended is still there for its owner to reap: the number is its own.
  std::lock_guard lock(mutex_);
  size_t killed = 0;
  for (const auto& [group, owner] : children_) {
    if (owner != build_id) continue;
    board_->faults().note(fault_kind::child_killed, build_id);
    ::kill(-group, SIGKILL);
    ++killed;
  }
  if (killed == 0)
    return error{error_code::not_found, "build " + build_id + " has no child process now", "build_id", {}};
  return killed;
}

void fault_injector::hold_pipe(const std::string& build_id, std::chrono::milliseconds time) {
  std::lock_guard lock(mutex_);
  held_[build_id] = std::chrono::steady_clock::now() + time;
  board_->faults().note(fault_kind::pipe_held, build_id);
}

void fault_injector::child_started(pid_t group, const std::string& build_id) {
  std::lock_guard lock(mutex_);
  children_[group] = build_id;
}

void fault_injector::child_ended(pid_t group) {
  std::lock_guard lock(mutex_);
  children_.erase(group);
}

bool fault_injector::holds_pipe(pid_t group) {
  std::lock_guard lock(mutex_);
  auto child = children_.find(group);
  if (child == children_.end()) return false;
  auto held = held_.find(child->second);
  if (held == held_.end()) return false;
  if (std::chrono::steady_clock::now() < held->second) return true;
  held_.erase(held);
  return false;
}

} // namespace ib::io
