#include "gateway/debug/time_series.hpp"

#include <limits>

namespace ib {

void time_series::add(int64_t at_ms, const sample_values& values) {
  std::lock_guard held(lock_);
  kept_.push_back({at_ms, values});
  if (kept_.size() > points_) kept_.pop_front();
  ++last_;
}

time_series::snapshot time_series::read() const {
  std::lock_guard held(lock_);
  snapshot now;
  now.last = last_;
  for (const auto& point : kept_) {
    for (const auto& [name, value] : point.values) {
      auto& line = now.values[name];
      line.resize(now.times_ms.size(), std::numeric_limits<double>::quiet_NaN());
      line.push_back(value);
    }
    now.times_ms.push_back(point.at_ms);
    for (auto& [name, line] : now.values)
      line.resize(now.times_ms.size(), std::numeric_limits<double>::quiet_NaN());
  }
  return now;
}

uint64_t time_series::last() const {
  std::lock_guard held(lock_);
  return last_;
}

double rate_of::per_second(double count, int64_t now_ms) {
  auto grown = count - count_;
  auto passed = static_cast<double>(now_ms - at_ms_) / 1000;
  bool first = at_ms_ == 0;
  count_ = count;
  at_ms_ = now_ms;
  return first || grown < 0 || passed <= 0 ? 0 : grown / passed;
}

} // namespace ib
