#include "actors/io/actor_board.hpp"

#include <algorithm>
#include <utility>

namespace ib::io {

namespace {

/// Crashed actors that nobody started again stay on the board for a while; not for ever.
constexpr size_t remembered_crashes = 100;

} // namespace

std::shared_ptr<actor_probe> actor_board::enter(std::string path, std::string kind, killer kill) {
  auto probe = std::make_shared<actor_probe>(std::move(path), faults_);
  place here{nullptr, probe, std::move(kill), actor_probe::coarse_ms(), nullptr};
  std::lock_guard lock(mutex_);
  here.kind = &crashes_.try_emplace(std::move(kind), 0).first->first;
  if (auto crashed = find_crashed(probe->path()); crashed != places_.end()) {
    here.crashes = std::move(crashed->second.crashes);
    places_.erase(crashed);
  }
  places_.emplace(probe->path(), std::move(here));
  return probe;
}

void actor_board::leave(const std::shared_ptr<actor_probe>& who, const std::optional<std::string>& cause) {
  place dead; // what it holds goes after the lock
  std::lock_guard lock(mutex_);
  auto found = find(who);
  if (found == places_.end()) return;
  if (cause) {
    crashes_[*found->second.kind] += 1;
    auto note = std::move(found->second.crashes);
    if (!note) note = std::make_unique<crash_note>();
    note->count += 1;
    note->last_error = *cause;
    auto [first, last] = places_.equal_range(who->path());
    // Its successor may have been quicker.
    auto heir = std::find_if(first, last, [&](const auto& entry) { return entry.second.probe != who; });
    if (heir == last) {
      dead.kill = std::exchange(found->second.kill, nullptr);
      found->second.crashes = std::move(note);
      found->second.alive = false;
      found->second.since_ms = actor_probe::coarse_ms();
      crashed_.push_back(who->path());
      if (crashed_.size() > remembered_crashes) forget_oldest_crash();
      return;
    }
    heir->second.crashes = std::move(note);
  }
  dead = std::move(found->second);
  places_.erase(found);
}

actor_board::places::iterator actor_board::find(const std::shared_ptr<actor_probe>& who) {
  auto [first, last] = places_.equal_range(who->path());
  auto found = std::find_if(
      first, last, [&](const auto& entry) { return entry.second.alive && entry.second.probe == who; });
  return found == last ? places_.end() : found;
}

actor_board::places::iterator actor_board::find_crashed(std::string_view path) {
  auto [first, last] = places_.equal_range(path);
  auto found = std::find_if(first, last, [](const auto& entry) { return !entry.second.alive; });
  return found == last ? places_.end() : found;
}

/// Does nothing to one that was started again.
void actor_board::forget_oldest_crash() {
  if (auto dead = find_crashed(crashed_.front()); dead != places_.end()) places_.erase(dead);
  crashed_.pop_front();
}

std::vector<actor_entry> actor_board::read() const {
  auto now = actor_probe::coarse_ms();
  std::vector<actor_entry> entries;
  std::lock_guard lock(mutex_);
  entries.reserve(places_.size());
  for (const auto& [path, here] : places_) {
    actor_entry entry;
    entry.path = path;
    entry.kind = *here.kind;
    entry.alive = here.alive;
    entry.age_ms = entry.idle_ms = now - here.since_ms;
    if (here.crashes) {
      entry.crashes = here.crashes->count;
      entry.last_error = here.crashes->last_error;
    }
    if (here.alive) {
      entry.busy = here.probe->busy();
      entry.handled = here.probe->handled();
      entry.waiting = here.probe->waiting();
      entry.per_second = here.probe->per_second();
      if (auto last = here.probe->last_ms(); last > 0) entry.idle_ms = now - last;
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

std::map<std::string, actor_totals> actor_board::totals() const {
  std::map<std::string, actor_totals> totals;
  std::lock_guard lock(mutex_);
  for (const auto& [path, here] : places_) {
    if (!here.alive) continue;
    auto& kind = totals[*here.kind];
    auto waiting = here.probe->waiting();
    ++kind.living;
    kind.handled += here.probe->handled();
    kind.waiting += waiting;
    kind.longest_mailbox = std::max(kind.longest_mailbox, waiting);
  }
  return totals;
}

void actor_board::measure_rates(int64_t now_ms) {
  std::lock_guard lock(mutex_);
  auto passed = now_ms - std::exchange(measured_ms_, now_ms);
  if (passed <= 0) return;
  for (const auto& [path, here] : places_)
    if (here.alive) here.probe->measure(static_cast<double>(passed) / 1000);
}

std::map<std::string, uint64_t> actor_board::crashes_by_kind() const {
  std::lock_guard lock(mutex_);
  return crashes_;
}

size_t actor_board::kill(const std::string& path, const std::string& why) const {
  std::vector<killer> killers;
  {
    std::lock_guard lock(mutex_);
    auto [first, last] = places_.equal_range(path);
    for (; first != last; ++first)
      if (first->second.kill) killers.push_back(first->second.kill);
  }
  for (const auto& kill : killers)
    kill(why);
  return killers.size();
}

void actor_board::disarm() const {
  std::lock_guard lock(mutex_);
  for (const auto& [path, here] : places_)
    if (here.alive) here.probe->disarm();
}

std::vector<std::shared_ptr<actor_probe>> actor_board::probes(const std::string& path) const {
  std::vector<std::shared_ptr<actor_probe>> probes;
  std::lock_guard lock(mutex_);
  auto [first, last] = places_.equal_range(path);
  for (; first != last; ++first)
    if (first->second.alive) probes.push_back(first->second.probe);
  return probes;
}

} // namespace ib::io
