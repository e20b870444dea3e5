#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace ib::io {

/// A registry that has limited our requests (429).
struct limited_registry {
  std::string registry;
  int64_t for_ms = 0; ///< it is still left alone for so long; 0: it may be asked again
  uint64_t times = 0; ///< how often it has done so
};

/// Which registries have limited us, for those who look at the service. Any thread.
class limit_board {
public:
  /// `capacity`: anyone may have images looked up in registries of their own.
  explicit limit_board(size_t capacity = 64) : capacity_(capacity) {}

  /// `registry` wants to be left alone for `wait_ms` from now.
  void note(const std::string& registry, int64_t wait_ms);
  /// By name.
  std::vector<limited_registry> read() const;

private:
  using clock = std::chrono::steady_clock;
  struct place {
    clock::time_point until;
    uint64_t times = 0;
  };
  const size_t capacity_;
  mutable std::mutex lock_;
  std::map<std::string, place> places_;
};

} // namespace ib::io
