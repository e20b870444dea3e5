#include "gateway/debug/actor_rates.hpp"

#include <utility>

namespace ib {

void actor_rates::sample(const std::vector<io::actor_entry>& actors, int64_t now_ms) {
  auto passed = static_cast<double>(now_ms - at_ms_) / 1000;
  std::unordered_map<std::string, uint64_t> handled;
  handled.reserve(actors.size());
  auto rates = std::make_shared<by_path>();
  for (const auto& actor : actors) {
    handled.emplace(actor.path, actor.handled);
    auto before = handled_.find(actor.path);
    // One that was started anew counts from 0 again.
    if (before == handled_.end() || actor.handled <= before->second || passed <= 0) continue;
    rates->emplace(actor.path, static_cast<double>(actor.handled - before->second) / passed);
  }
  handled_ = std::move(handled);
  at_ms_ = now_ms;
  std::lock_guard held(lock_);
  current_ = std::move(rates);
}

std::shared_ptr<const actor_rates::by_path> actor_rates::read() const {
  std::lock_guard held(lock_);
  return current_;
}

} // namespace ib
