#include "actors/io/child_table.hpp"

#include "actors/io/fault_points.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <limits>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <system_error>
#include <utility>

namespace ib::io {

namespace {

constexpr int events_at_once = 64;
/// Between two looks whether an injected fault still keeps a pipe from being read.
constexpr int held_pipe_look_ms = 20;

/// What a descriptor of a child is; the first two are its pipes.
enum fd_role : uint8_t { merged_pipe, captured_pipe, leader, member, roles };

error closing() { return {error_code::cancelled, "stopped: nothing is run any more"}; }

bool holds_nul(const std::string& text) { return text.find('\0') != std::string::npos; }

/// Strings with a NUL inside would reach the child cut short.
bool holds_nul(const process_spec& spec) {
  auto has = [](const std::string& text) { return holds_nul(text); };
  return std::any_of(spec.argv.begin(), spec.argv.end(), has) || holds_nul(spec.directory) ||
         std::any_of(spec.environment.begin(), spec.environment.end(),
                     [](const auto& entry) { return holds_nul(entry.first) || holds_nul(entry.second); });
}

/// The program's path, where it can be started.
result<std::string> checked(const process_spec& spec) {
  if (spec.argv.empty()) return error{error_code::internal, "cannot start a process: no program is named"};
  if (holds_nul(spec))
    return error{error_code::internal, "cannot start " + spec.argv[0] + ": an argument holds a NUL byte"};
  auto program = find_program(spec.argv[0]);
  if (program.empty())
    return error{error_code::not_found, "program \"" + spec.argv[0] + "\" is not installed"};
  return program;
}

process_result never_started() {
  process_result end;
  end.stopped = true;
  return end;
}

} // namespace

void child_table::stop_wish::operator()() const {
  table->post([table = table, id = id](bool alive) {
    if (alive) table->take_stop(id);
  });
}

child_table::child_table()
    : epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      scratch_(std::make_unique_for_overwrite<char[]>(line_cutter::piece_bytes)) {
  if (!epoll_ || !wake_ || !watch(wake_.get(), 0, leader))
    throw std::system_error(errno, std::generic_category(), "cannot wait for child processes");
}

void child_table::run(process_spec spec, std::stop_token stop, ended done) {
  if (closed_) return done(closing());
  auto program = checked(spec);
  if (!program) return done(program.error());
  if (stop.stop_requested()) return done(never_started());
  auto fault = spec.faults != nullptr ? spec.faults->next(fault_place::process) : planned_fault{};
  if (fault.delay.count() == 0) {
    if (fault.failure) return done(*fault.failure);
    return start(std::move(spec), *program, stop, std::move(done));
  }
  auto after = [this, spec = std::move(spec), program = *program, stop, fault, done](bool whole) {
    if (!whole) return done(error{error_code::cancelled, "stopped", "", {}});
    if (fault.failure) return done(*fault.failure);
    start(spec, program, stop, done);
  };
  wait(fault.delay, stop, std::move(after));
}

void child_table::start(process_spec spec, const std::string& program, const std::stop_token& stop,
                        ended done) {
  if (closed_) return done(closing());
  auto started = child::start(std::move(spec), program);
  if (!started) return done(started.error());
  const auto id = ++last_id_;
  auto& one = children_[id];
  one.what = std::move(started).value();
  one.done = std::move(done);
  if (!watch(one.what->leader_fd(), id, leader)) {
    auto failed = error{error_code::internal, "cannot watch " + program + ": " + std::strerror(errno)};
    auto tell = std::move(one.done);
    children_.erase(id); // which kills it
    return tell(failed);
  }
  for (auto which : child::pipes)
    watch_pipe(id, one, which, true);
  if (one.what->time_limit().count() > 0) set_deadline(id, one, one.what->time_limit());
  one.on_stop.emplace(stop, stop_wish{this, id});
}

void child_table::wait(std::chrono::milliseconds duration, std::stop_token stop, slept done) {
  if (closed_ || stop.stop_requested()) return done(false);
  const auto id = ++last_id_;
  auto& one = sleepers_[id];
  one.done = std::move(done);
  one.timer = timers_.emplace(clock::now() + duration, id);
  one.on_stop.emplace(stop, stop_wish{this, id});
}

void child_table::post(work_queue::work piece) {
  queue_.push(std::move(piece));
  wake();
}

void child_table::wake() const { ::eventfd_write(wake_.get(), 1); }

bool child_table::watch(int fd, uint64_t id, uint8_t what) const {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = id * roles + what;
  return ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0;
}

void child_table::unwatch(int fd) const { ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr); }

/// Taken off and put back, for an empty event mask would still spin on a hang-up.
void child_table::watch_pipe(uint64_t id, entry& one, child::pipe which, bool wanted) {
  auto fd = one.what->fd_of(which);
  auto& watched = one.watched.at(static_cast<size_t>(which));
  if (fd < 0 || watched == wanted) return;
  watched = wanted;
  if (!wanted) return unwatch(fd);
  if (watch(fd, id, static_cast<uint8_t>(which))) return;
  one.what->fail({error_code::internal, std::string("cannot watch a pipe: ") + std::strerror(errno)});
  kill(id, one);
}

void child_table::set_deadline(uint64_t id, entry& one, std::chrono::milliseconds from_now) {
  clear_deadline(one);
  one.deadline = timers_.emplace(clock::now() + from_now, id);
}

void child_table::clear_deadline(entry& one) {
  if (one.deadline) timers_.erase(*std::exchange(one.deadline, std::nullopt));
}

void child_table::turn() {
  std::array<epoll_event, events_at_once> events;
  auto ready = ::epoll_wait(epoll_.get(), events.data(), events_at_once, timeout_ms());
  for (int i = 0; i < ready; ++i)
    dispatch(events.at(static_cast<size_t>(i)).data.u64 / roles,
             static_cast<uint8_t>(events.at(static_cast<size_t>(i)).data.u64 % roles));
  for (auto& piece : queue_.take_all())
    piece(true);
  look_at_held();
  fire_timers();
}

/// Of a child that has gone meanwhile there may still be events.
void child_table::dispatch(uint64_t id, uint8_t what) {
  if (id == 0) {
    eventfd_t ignored = 0;
    ::eventfd_read(wake_.get(), &ignored);
    return;
  }
  auto found = children_.find(id);
  if (found == children_.end()) return;
  auto& one = found->second;
  if (what == leader && one.now < phase::dying) leader_ended(id, one);
  if (what == member) members_ended(id, one);
  if (what == merged_pipe || what == captured_pipe) read_pipe(id, one, static_cast<child::pipe>(what));
}

void child_table::read_pipe(uint64_t id, entry& one, child::pipe which) {
  if (!one.watched.at(static_cast<size_t>(which))) return; // an event from before
  if (one.what->is_held(which)) return hold(id, one);
  if (!one.what->read(which, {scratch_.get(), line_cutter::piece_bytes})) {
    watch_pipe(id, one, which,
               false); // a child that is just being started may have a copy: closing is not enough
    one.what->close(which);
  }
  if (one.what->has_failed()) return kill(id, one);
  if (one.what->is_held(which)) hold(id, one);
}

void child_table::hold(uint64_t id, entry& one) {
  for (auto which : child::pipes)
    if (one.what->is_held(which)) watch_pipe(id, one, which, false);
  if (!std::exchange(one.held, true)) held_.push_back(id);
}

void child_table::kill(uint64_t id, entry& one) {
  for (auto which : child::pipes)
    watch_pipe(id, one, which, false);
  if (one.now >= phase::killed) return;
  one.now = phase::killed;
  clear_deadline(one);
  one.what->signal(SIGKILL);
}

void child_table::take_stop(uint64_t id) {
  if (sleepers_.contains(id)) return end_sleep(id, false);
  auto found = children_.find(id);
  if (found == children_.end() || found->second.now != phase::running) return;
  auto& one = found->second;
  one.now = phase::stopping;
  one.what->ask_to_stop();
  set_deadline(id, one, one.what->kill_grace());
}

void child_table::take_time(uint64_t id) {
  if (sleepers_.contains(id)) return end_sleep(id, true);
  auto found = children_.find(id);
  if (found == children_.end()) return;
  auto& one = found->second;
  one.deadline.reset();
  switch (one.now) {
  case phase::running:
    return take_stop(id);
  case phase::stopping:
    one.now = phase::killed;
    return one.what->signal(SIGKILL);
  case phase::dying: // one that hangs inside the kernel
    one.members.clear();
    return drain(id, one);
  case phase::killed:
  case phase::draining:
    return;
  }
}

void child_table::leader_ended(uint64_t id, entry& one) {
  unwatch(one.what->leader_fd());
  for (auto which : child::pipes)
    watch_pipe(id, one, which, false);
  one.now = phase::dying;
  one.what->bury();
  set_deadline(id, one, killed_wait);
  look_for_members(id, one);
}

void child_table::look_for_members(uint64_t id, entry& one) {
  while (one.members.empty() && one.looks++ < killed_looks) {
    one.members = one.what->dying_members();
    std::erase_if(one.members, [&](const unique_fd& fd) { return !watch(fd.get(), id, member); });
  }
  if (one.members.empty()) drain(id, one);
}

void child_table::members_ended(uint64_t id, entry& one) {
  std::erase_if(one.members, [&](const unique_fd& fd) {
    pollfd ended{fd.get(), POLLIN, 0};
    if (::poll(&ended, 1, 0) != 1) return false;
    unwatch(fd.get());
    return true;
  });
  if (one.now == phase::dying && one.members.empty()) look_for_members(id, one);
}

void child_table::drain(uint64_t id, entry& one) {
  one.now = phase::draining;
  clear_deadline(one);
  if (!one.what->drain({scratch_.get(), line_cutter::piece_bytes})) return hold(id, one);
  auto done = std::move(one.done);
  auto end = one.what->take_result();
  children_.erase(id);
  done(std::move(end));
}

void child_table::end_sleep(uint64_t id, bool whole) {
  auto found = sleepers_.find(id);
  auto done = std::move(found->second.done);
  if (!whole) timers_.erase(found->second.timer);
  sleepers_.erase(found);
  done(whole);
}

void child_table::look_at_held() {
  held_by_fault_ = false;
  for (auto id : std::exchange(held_, {})) {
    auto found = children_.find(id);
    if (found == children_.end()) continue;
    auto& one = found->second;
    const bool by_fault = one.now < phase::dying && one.what->is_held_by_fault();
    if (by_fault || (!one.what->has_room() && !one.what->has_failed())) {
      held_by_fault_ = held_by_fault_ || by_fault;
      held_.push_back(id);
      continue;
    }
    one.held = false;
    if (one.now == phase::draining)
      drain(id, one);
    else if (one.now < phase::killed)
      for (auto which : child::pipes)
        watch_pipe(id, one, which, true);
  }
}

void child_table::fire_timers() {
  for (auto now = clock::now(); !timers_.empty() && timers_.begin()->first <= now;) {
    auto id = timers_.begin()->second;
    timers_.erase(timers_.begin());
    take_time(id);
  }
}

int child_table::timeout_ms() const {
  constexpr int64_t longest = std::numeric_limits<int>::max();
  auto left = longest;
  if (held_by_fault_) left = held_pipe_look_ms;
  if (!timers_.empty()) {
    auto until = std::chrono::ceil<std::chrono::milliseconds>(timers_.begin()->first - clock::now()).count();
    left = std::clamp<int64_t>(until, 0, left);
  }
  return left == longest ? -1 : static_cast<int>(left);
}

void child_table::close() {
  closed_ = true;
  for (auto& [id, one] : children_) {
    one.what->fail(closing());
    kill(id, one);
  }
  while (!sleepers_.empty())
    end_sleep(sleepers_.begin()->first, false);
  wake(); // those that are held back have failed now
}

} // namespace ib::io
