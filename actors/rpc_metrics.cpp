#include "actors/rpc_metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/histogram.h>

#include <algorithm>
#include <vector>

namespace ib {

namespace {

constexpr size_t unknown = 2; // gRPC's UNKNOWN

using seconds = std::chrono::duration<double>;

double taken(std::atomic<uint64_t>& counter) {
  return counter.load(std::memory_order_relaxed) == 0 ? 0 : static_cast<double>(counter.exchange(0));
}

} // namespace

void rpc_metrics::handled(size_t code, std::chrono::nanoseconds took) {
  auto& row = rows_.mine();
  const auto* bucket = std::find_if(limits.begin(), limits.end(),
                                    [&](double limit) { return seconds(took).count() <= limit; });
  count(row.took.at(static_cast<size_t>(bucket - limits.begin())));
  count(row.nanoseconds, static_cast<uint64_t>(took.count()));
  // Whoever sees the end sees the beginning.
  row.handled.at(code < codes ? code : unknown).fetch_add(1, std::memory_order_release);
}

void rpc_metrics::tell() {
  // Ends before beginnings: nobody is to see more calls ended than begun.
  tell_ends();
  rows_.each([this](row& row) {
    shown_.started.Increment(taken(row.started));
    shown_.received.Increment(taken(row.received));
    shown_.sent.Increment(taken(row.sent));
  });
}

void rpc_metrics::tell_ends() {
  std::vector<double> took(limits.size() + 1);
  double sum = 0;
  std::array<double, codes> handled{};
  rows_.each([&](row& row) {
    for (size_t code = 0; code < codes; ++code)
      handled.at(code) += taken(row.handled.at(code));
    for (size_t i = 0; i < took.size(); ++i)
      took[i] += taken(row.took.at(i));
    sum += seconds(std::chrono::duration<double, std::nano>(taken(row.nanoseconds))).count();
  });
  for (size_t code = 0; code < codes; ++code)
    shown_.handled.at(code)->Increment(handled.at(code));
  shown_.seconds.ObserveMultiple(took, sum);
}

} // namespace ib
