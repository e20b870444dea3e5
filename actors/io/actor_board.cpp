#include "actors/io/actor_board.hpp"

#include <algorithm>
#include <utility>

namespace ib::io {

namespace {

/// Crashed actors that nobody started again stay on the board for a while; not for ever.
constexpr size_t remembered_crashes = 100;

} // namespace

std::shared_ptr<actor_probe> actor_board::enter(std::string path, std::string kind, killer kill) {
  place here{std::move(kind), std::make_shared<actor_probe>(path, faults_), std::move(kill),
             actor_probe::coarse_ms()};
  auto probe = here.probe;
  std::lock_guard lock(mutex_);
  crashes_.try_emplace(here.kind, 0);
  auto [first, last] = places_.equal_range(path);
  auto crashed = std::find_if(first, last, [](const auto& entry) { return !entry.second.probe; });
  if (crashed == last) {
    places_.emplace(std::move(path), std::move(here));
    return probe;
  }
  here.crashes = crashed->second.crashes;
  here.last_error = std::move(crashed->second.last_error);
  crashed->second = std::move(here);
  return probe;
}

void actor_board::leave(const std::shared_ptr<actor_probe>& who, const std::optional<std::string>& cause) {
  killer dead; // what it holds goes after the lock
  std::lock_guard lock(mutex_);
  auto found = std::find_if(places_.begin(), places_.end(),
                            [&](const auto& entry) { return entry.second.probe == who; });
  if (found == places_.end()) return;
  dead = std::exchange(found->second.kill, nullptr);
  if (cause) {
    auto& crashes = crashes_[found->second.kind];
    crashes += 1;
    auto [first, last] = places_.equal_range(found->first);
    // Its successor may have been quicker.
    auto heir = std::find_if(first, last, [&](const auto& entry) { return &entry != &*found; });
    auto& heritage = heir == last ? found->second : heir->second;
    heritage.crashes = found->second.crashes + 1;
    heritage.last_error = *cause;
    if (heir == last) {
      found->second.probe = nullptr;
      found->second.since_ms = actor_probe::coarse_ms();
      crashed_.push_back(found->first);
      if (crashed_.size() > remembered_crashes) forget_oldest_crash();
      return;
    }
  }
  places_.erase(found);
}

/// Does nothing to one that was started again.
void actor_board::forget_oldest_crash() {
  auto [first, last] = places_.equal_range(crashed_.front());
  auto dead = std::find_if(first, last, [](const auto& entry) { return !entry.second.probe; });
  if (dead != last) places_.erase(dead);
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
    entry.kind = here.kind;
    entry.alive = here.probe != nullptr;
    entry.age_ms = entry.idle_ms = now - here.since_ms;
    entry.crashes = here.crashes;
    entry.last_error = here.last_error;
    if (here.probe) {
      entry.busy = here.probe->busy();
      entry.handled = here.probe->handled();
      entry.waiting = here.probe->waiting();
      if (auto last = here.probe->last_ms(); last > 0) entry.idle_ms = now - last;
    }
    entries.push_back(std::move(entry));
  }
  return entries;
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
    if (here.probe) here.probe->disarm();
}

std::vector<std::shared_ptr<actor_probe>> actor_board::probes(const std::string& path) const {
  std::vector<std::shared_ptr<actor_probe>> probes;
  std::lock_guard lock(mutex_);
  auto [first, last] = places_.equal_range(path);
  for (; first != last; ++first)
    if (first->second.probe) probes.push_back(first->second.probe);
  return probes;
}

} // namespace ib::io
