#include "actors/engine/run_progress.hpp"

#include "actors/io/utc_time.hpp"

#include <algorithm>
#include <chrono>

namespace ib {

namespace {

using std::chrono::milliseconds;

/// A registry may ask for no pause at all; one that goes on to limit us is asked no more often than this.
constexpr milliseconds shortest_pause{1'000};

} // namespace

void run_progress::enter(build_state phase, std::string message) {
  phase_ = phase;
  events_.phase(phase, std::move(message));
}

io::task<bool> run_progress::leave_alone(std::string registry, error limit) {
  const milliseconds asked(limit.retry_after_ms.value_or(registries_.default_retry_after_ms));
  const auto pause = std::max(asked, shortest_pause);
  const auto now =
      std::chrono::duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch());
  enter(phase_, "waiting for " + registry + " until " + io::utc_text((now + pause).count()));
  say("waiting for " + registry + ": it limits our rate");
  auto waiting = threads_.sleep(pause, stop_);
  auto whole = co_await waiting;
  co_return whole;
}

} // namespace ib
