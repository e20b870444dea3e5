#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace ib {

/// Which registries asked to be left alone, and until when (spec: images.md, "Resolution"). Pure: the caller
/// brings the time, in milliseconds of any clock that never goes back.
class rate_governor {
public:
  explicit rate_governor(size_t capacity = 4096) : capacity_(capacity) {}

  /// `registry` is left alone until `until_ms`; an earlier end than the one known changes nothing.
  void hold(const std::string& registry, int64_t until_ms, int64_t now_ms);
  /// The milliseconds that `registry` is still to be left alone for; nothing where it may be asked.
  std::optional<int64_t> remaining_ms(const std::string& registry, int64_t now_ms) const;
  size_t size() const { return held_.size(); }

private:
  void make_room(int64_t now_ms);

  size_t capacity_;
  std::map<std::string, int64_t> held_; ///< until when
};

} // namespace ib
