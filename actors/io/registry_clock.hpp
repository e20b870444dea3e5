#pragma once

#include <chrono>
#include <functional>

namespace ib::io {

/// The time as the registry client sees it; tests bring their own. Network timeouts do not ask it.
struct registry_clock {
  /// For the lifetime of tokens and for waiting times.
  std::function<std::chrono::steady_clock::time_point()> steady = &std::chrono::steady_clock::now;
  /// For what people are told.
  std::function<std::chrono::system_clock::time_point()> wall = &std::chrono::system_clock::now;
};

} // namespace ib::io
