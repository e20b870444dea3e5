#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace ib {

/// A duration for people: "40 s", "3 min", "1 h 20 min".
std::string in_words(int64_t duration_ms);

/// "queued, 3 builds ahead, about 2 min to wait".
std::string place_in_words(size_t builds_ahead, std::optional<int64_t> estimate_ms);

} // namespace ib
