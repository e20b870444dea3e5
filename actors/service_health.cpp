#include "actors/service_health.hpp"

#include <utility>

namespace ib {

service_health::service_health(std::function<void()> changed)
    : reasons_(std::make_shared<const reasons>()), changed_(std::move(changed)) {}

template <class Change>
void service_health::change(Change apply) {
  auto before = reasons_.load();
  std::shared_ptr<const reasons> after;
  do {
    auto copy = *before;
    apply(copy);
    if (copy == *before) return;
    after = std::make_shared<const reasons>(std::move(copy));
  } while (!reasons_.compare_exchange_weak(before, after));
  if (changed_) changed_();
}

void service_health::not_ready(const std::string& who, const std::string& why) {
  if (auto now = reasons_.load(); now->contains(who) && now->at(who) == why) return;
  change([&](reasons& now) { now[who] = why; });
}

void service_health::ready(const std::string& who) {
  if (!reasons_.load()->contains(who)) return;
  change([&](reasons& now) { now.erase(who); });
}

} // namespace ib
