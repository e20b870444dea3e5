#include "actors/io/interruptible_wait.hpp"

#include "actors/io/unique_fd.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace ib::io {

bool wait_or_stop(std::chrono::milliseconds duration, const std::stop_token& stop) {
  unique_fd stopped(::eventfd(0, EFD_CLOEXEC));
  std::stop_callback on_stop(stop, [&] {
    uint64_t one = 1;
    [[maybe_unused]] auto written = ::write(stopped.get(), &one, sizeof one);
  });
  auto end = std::chrono::steady_clock::now() + duration;
  while (!stop.stop_requested()) {
    auto left = std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now()).count();
    if (left <= 0) return true;
    pollfd watched{stopped.get(), POLLIN, 0};
    ::poll(&watched, 1, static_cast<int>(std::min<int64_t>(left, std::numeric_limits<int>::max())));
  }
  return false;
}

} // namespace ib::io
