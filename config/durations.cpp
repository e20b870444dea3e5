#include "config/durations.hpp"

#include <array>
#include <optional>
#include <utility>

namespace ib::config {
namespace {

constexpr uint64_t max_ns = INT64_MAX;
constexpr uint64_t ns_per_ms = 1'000'000;

// Longer names stand before their own beginnings, so that "ms" is not read as "m".
constexpr std::array<std::pair<std::string_view, uint64_t>, 8> units{{{"ns", 1},
                                                                      {"us", 1'000},
                                                                      {"\u00b5s", 1'000}, // micro sign
                                                                      {"\u03bcs", 1'000}, // Greek mu
                                                                      {"ms", 1'000'000},
                                                                      {"s", 1'000'000'000},
                                                                      {"m", 60'000'000'000},
                                                                      {"h", 3'600'000'000'000}}};

error wrong(std::string message) {
  return {error_code::invalid_argument, std::move(message), {}, std::nullopt};
}

std::string_view take_digits(std::string_view& rest) {
  size_t count = 0;
  while (count < rest.size() && rest[count] >= '0' && rest[count] <= '9')
    ++count;
  auto digits = rest.substr(0, count);
  rest.remove_prefix(count);
  return digits;
}

/// Nanoseconds of one unit, 0 where none of the known names comes next.
uint64_t take_unit(std::string_view& rest) {
  for (const auto& [name, ns] : units) {
    if (rest.starts_with(name)) {
      rest.remove_prefix(name.size());
      return ns;
    }
  }
  return 0;
}

std::optional<uint64_t> whole_part(std::string_view digits, uint64_t unit) {
  uint64_t number = 0;
  for (char c : digits) {
    if (number > (max_ns - 9) / 10) return std::nullopt;
    number = number * 10 + static_cast<uint64_t>(c - '0');
  }
  if (number > max_ns / unit) return std::nullopt;
  return number * unit;
}

std::optional<uint64_t> fraction_part(std::string_view digits, uint64_t unit) {
  uint64_t sum = 0;
  for (char c : digits) {
    auto digit = static_cast<uint64_t>(c - '0');
    // Below this place a digit is worth no whole nanosecond, so only zeros may follow.
    if (unit % 10 != 0) {
      if (digit != 0) return std::nullopt;
      continue;
    }
    unit /= 10;
    sum += digit * unit;
  }
  return sum;
}

/// One number with its unit, in nanoseconds.
result<uint64_t> take_term(std::string_view& rest) {
  auto whole_digits = take_digits(rest);
  std::string_view fraction_digits;
  if (rest.starts_with('.')) {
    rest.remove_prefix(1);
    fraction_digits = take_digits(rest);
  }
  if (whole_digits.empty() && fraction_digits.empty()) return wrong("a number is missing");
  auto unit = take_unit(rest);
  if (unit == 0) return wrong("a unit (ms, s, m or h) must follow each number");
  auto whole = whole_part(whole_digits, unit);
  if (!whole) return wrong("it is longer than 292 years");
  auto fraction = fraction_part(fraction_digits, unit);
  if (!fraction) return wrong("it is finer than a millisecond");
  if (*whole > max_ns - *fraction) return wrong("it is longer than 292 years");
  return *whole + *fraction;
}

} // namespace

result<int64_t> parse_duration(std::string_view text) {
  auto rest = text;
  bool negative = rest.starts_with('-');
  if (negative || rest.starts_with('+')) rest.remove_prefix(1);
  if (rest == "0") return int64_t{0};
  if (rest.empty()) return wrong("a number is missing");
  uint64_t total = 0;
  while (!rest.empty()) {
    auto term = take_term(rest);
    if (!term) return std::move(term).error();
    if (*term > max_ns - total) return wrong("it is longer than 292 years");
    total += *term;
  }
  if (total % ns_per_ms != 0) return wrong("it is finer than a millisecond");
  auto ms = static_cast<int64_t>(total / ns_per_ms);
  return negative ? -ms : ms;
}

std::string format_duration(int64_t ms) {
  if (ms == 0) return "0s";
  auto rest = ms < 0 ? 0 - static_cast<uint64_t>(ms) : static_cast<uint64_t>(ms);
  std::string sign = ms < 0 ? "-" : "";
  if (rest < 1000) return sign + std::to_string(rest) + "ms";
  auto seconds = rest / 1000;
  auto text = std::to_string(seconds % 60);
  if (auto fraction = rest % 1000; fraction != 0) {
    auto digits = std::to_string(1000 + fraction).substr(1);
    while (digits.back() == '0')
      digits.pop_back();
    text += "." + digits;
  }
  text += "s";
  if (seconds >= 60) text.insert(0, std::to_string(seconds / 60 % 60) + "m");
  if (seconds >= 3600) text.insert(0, std::to_string(seconds / 3600) + "h");
  return sign + text;
}

} // namespace ib::config
