#include "actors/domain/queue_policy.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace ib {

namespace {

constexpr size_t mean_of_last = 20;
/// A bound on what is believed of one run, so that no sum of them overflows.
constexpr int64_t longest_duration_ms = int64_t{1} << 40;

} // namespace

queue_policy::queue_policy(queue_limits limits) : limits_(limits) {}

result<bool> queue_policy::submit(const std::string& id, const std::string& owner) {
  bool is_known = running_.contains(id) || owner_of(id);
  if (!is_known && !has_free_slot() && queued() >= limits_.queued) {
    return error{error_code::resource_exhausted,
                 "the build queue is full: " + std::to_string(limits_.queued) +
                     " builds are waiting, the limit of queued builds",
                 {},
                 std::nullopt};
  }
  return readmit(id, owner);
}

bool queue_policy::readmit(const std::string& id, const std::string& owner) {
  if (running_.contains(id)) return true;
  if (owner_of(id)) return false;
  if (has_free_slot()) {
    running_.insert(id);
    return true;
  }
  auto& own = waiting_[owner];
  if (own.empty()) turns_.push_back(owner);
  own.push_back(id);
  return false;
}

void queue_policy::adopt_running(const std::string& id) {
  remove_waiting(id);
  running_.insert(id);
}

std::vector<std::string> queue_policy::release(const std::string& id) {
  if (running_.erase(id) == 0 && !remove_waiting(id)) return {};
  return fill_slots();
}

std::vector<std::string> queue_policy::change_limits(queue_limits limits) {
  limits_ = limits;
  return fill_slots();
}

std::vector<std::string> queue_policy::fill_slots() {
  std::vector<std::string> started;
  while (running_.size() < limits_.running) {
    auto next = pop_next();
    if (!next) break;
    running_.insert(*next);
    started.push_back(*std::move(next));
  }
  return started;
}

std::optional<std::string> queue_policy::pop_next() {
  if (turns_.empty()) return std::nullopt;
  auto owner = std::move(turns_.front());
  turns_.pop_front();
  const auto own = waiting_.find(owner);
  auto id = std::move(own->second.front());
  own->second.pop_front();
  if (own->second.empty()) {
    waiting_.erase(own);
  } else {
    turns_.push_back(std::move(owner));
  }
  return id;
}

std::optional<std::string> queue_policy::owner_of(const std::string& id) const {
  for (const auto& [owner, ids] : waiting_) {
    if (std::find(ids.begin(), ids.end(), id) != ids.end()) return owner;
  }
  return std::nullopt;
}

bool queue_policy::remove_waiting(const std::string& id) {
  const auto owner = owner_of(id);
  if (!owner) return false;
  auto& own = waiting_[*owner];
  std::erase(own, id);
  if (own.empty()) {
    waiting_.erase(*owner);
    std::erase(turns_, *owner);
  }
  return true;
}

std::optional<size_t> queue_policy::builds_ahead(const std::string& id) const {
  const auto owner = owner_of(id);
  if (!owner) return std::nullopt;
  const auto& own = waiting_.at(*owner);
  const auto round = static_cast<size_t>(std::find(own.begin(), own.end(), id) - own.begin());
  // In each round every owner starts one build; those with an earlier turn also start one in this round.
  size_t ahead = round;
  bool earlier = true;
  for (const auto& other : turns_) {
    if (other == *owner) {
      earlier = false;
      continue;
    }
    ahead += std::min(waiting_.at(other).size(), earlier ? round + 1 : round);
  }
  return ahead;
}

void queue_policy::record_duration_ms(int64_t duration_ms) {
  durations_ms_.push_back(std::clamp<int64_t>(duration_ms, 0, longest_duration_ms));
  if (durations_ms_.size() > mean_of_last) durations_ms_.pop_front();
}

std::optional<int64_t> queue_policy::estimate_ms(const std::string& id) const {
  const auto ahead = builds_ahead(id);
  return ahead ? estimate_behind_ms(*ahead) : std::nullopt;
}

std::optional<int64_t> queue_policy::estimate_behind_ms(size_t builds_ahead) const {
  if (durations_ms_.empty()) return std::nullopt;
  double sum = 0;
  for (const auto duration : durations_ms_)
    sum += static_cast<double>(duration);
  // With n builds at a time one of them ends, on average, every n-th part of a build's duration.
  const auto interval = sum / static_cast<double>(durations_ms_.size()) /
                        static_cast<double>(std::max<size_t>(limits_.running, 1));
  return static_cast<int64_t>(std::ceil(interval * static_cast<double>(builds_ahead + 1)));
}

size_t queue_policy::running() const { return running_.size(); }

size_t queue_policy::queued() const {
  size_t count = 0;
  for (const auto& [owner, ids] : waiting_)
    count += ids.size();
  return count;
}

std::vector<std::string> queue_policy::order() const {
  std::vector<std::string> ids;
  const auto total = queued();
  for (size_t round = 0; ids.size() < total; ++round) {
    for (const auto& owner : turns_) {
      const auto& own = waiting_.at(owner);
      if (round < own.size()) ids.push_back(own[round]);
    }
  }
  return ids;
}

} // namespace ib
