#include "config/sizes.hpp"

#include <array>
#include <charconv>
#include <utility>

namespace ib::config {
namespace {

using unit = std::pair<std::string_view, uint64_t>;
constexpr std::array<unit, 5> binary_units{
    {{"TiB", 1ULL << 40}, {"GiB", 1ULL << 30}, {"MiB", 1ULL << 20}, {"KiB", 1ULL << 10}, {"B", 1}}};
constexpr std::array<unit, 5> decimal_units{
    {{"TB", 1'000'000'000'000}, {"GB", 1'000'000'000}, {"MB", 1'000'000}, {"kB", 1'000}, {"KB", 1'000}}};

error wrong(std::string message) {
  return {error_code::invalid_argument, std::move(message), {}, std::nullopt};
}

/// Bytes of the unit with this name, 0 where there is none.
uint64_t unit_bytes(std::string_view name) {
  for (const auto& [known, bytes] : binary_units)
    if (name == known) return bytes;
  for (const auto& [known, bytes] : decimal_units)
    if (name == known) return bytes;
  return 0;
}

} // namespace

result<int64_t> parse_size(std::string_view text) {
  uint64_t number = 0;
  const auto* end = text.data() + text.size();
  auto [rest, fault] = std::from_chars(text.data(), end, number);
  if (fault == std::errc::result_out_of_range) return wrong("it is too large");
  if (fault != std::errc{}) return wrong("it must begin with a whole number");
  auto bytes = unit_bytes({rest, static_cast<size_t>(end - rest)});
  if (bytes == 0) return wrong("a unit (B, KiB, MiB, GiB, TiB, kB, MB, GB or TB) must follow a whole number");
  if (number > static_cast<uint64_t>(INT64_MAX) / bytes) return wrong("it is too large");
  return static_cast<int64_t>(number * bytes);
}

std::string format_size(uint64_t bytes) {
  for (const auto& [name, unit] : binary_units)
    if (bytes % unit == 0 && (bytes >= unit)) return std::to_string(bytes / unit) + std::string(name);
  return "0B";
}

} // namespace ib::config
