#include "actors/domain/trace_context.hpp"

#include <algorithm>
#include <array>

namespace ib {

namespace {

constexpr size_t trace_digits = 32;
constexpr size_t span_digits = 16;

bool is_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_zero(std::string_view text) { return text.find_first_not_of('0') == std::string_view::npos; }

std::string lower(std::string_view text) {
  std::string low(text);
  for (auto& c : low)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return low;
}

/// An id with its leading zeros, empty where it is none.
std::string full_id(std::string_view text, size_t digits) {
  auto id = lower(text);
  if (id.empty() || id.size() > digits || !is_hex(id) || is_zero(id)) return {};
  return std::string(digits - id.size(), '0') + id;
}

} // namespace

trace_context parse_traceparent(std::string_view text) {
  constexpr size_t whole = 2 + 1 + trace_digits + 1 + span_digits + 1 + 2;
  if (text.size() < whole || text[2] != '-' || text[35] != '-' || text[52] != '-') return {};
  auto version = text.substr(0, 2), trace = text.substr(3, trace_digits), span = text.substr(36, span_digits),
       flags = text.substr(53, 2);
  bool ends = version == "00" ? text.size() == whole : text.size() == whole || text[whole] == '-';
  if (!ends || version == "ff" || !is_hex(version) || !is_hex(trace) || !is_hex(span) || !is_hex(flags))
    return {};
  if (is_zero(trace) || is_zero(span)) return {};
  return {std::string(trace), std::string(span)};
}

trace_context parse_uber_trace_id(std::string_view text) {
  // Longer than any: not worth a look.
  if (text.size() > 128) return {};
  std::string plain(text);
  for (const char* colon : {"%3A", "%3a"})
    for (auto at = plain.find(colon); at != std::string::npos; at = plain.find(colon))
      plain.replace(at, 3, ":");
  std::array<std::string_view, 4> parts;
  std::string_view rest = plain;
  for (size_t i = 0; i < parts.size(); ++i) {
    auto end = rest.find(':');
    if ((end == std::string_view::npos) != (i + 1 == parts.size())) return {};
    parts[i] = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  trace_context trace{full_id(parts[0], trace_digits), full_id(parts[1], span_digits)};
  bool whole = !trace.trace_id.empty() && !trace.span_id.empty();
  return whole ? trace : trace_context{};
}

} // namespace ib
