#include "tools/imgctl/watch/columns.hpp"

#include "tools/imgctl/text.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace ib::imgctl {
namespace {

constexpr size_t gap = 2;
constexpr size_t least_elastic = 8;

const char* code_of(tone kind) {
  switch (kind) {
  case tone::plain:
    return "";
  case tone::dim:
    return "\x1b[2m";
  case tone::good:
    return "\x1b[32m";
  case tone::warn:
    return "\x1b[33m";
  case tone::bad:
    return "\x1b[31m";
  case tone::accent:
    return "\x1b[36m";
  case tone::heading:
    return "\x1b[1m";
  }
  return "";
}

std::string aligned(const std::string& text, size_t width, bool to_the_right) {
  const std::string fill(width - std::min(width, display_width(text)), ' ');
  return to_the_right ? fill + text : text + fill;
}

template <class... Values>
std::string format(const char* how, Values... values) {
  std::array<char, 64> buffer{};
  std::snprintf(buffer.data(), buffer.size(), how, values...);
  return buffer.data();
}

} // namespace

std::string paint(const canvas& on, tone kind, const std::string& text) {
  if (!on.color || kind == tone::plain || text.empty()) return text;
  return code_of(kind) + text + "\x1b[0m";
}

std::vector<std::string> draw_table(const columns& how, const std::vector<std::vector<cell>>& rows,
                                    const canvas& on) {
  const size_t count = how.heading.size();
  std::vector<size_t> widths(count);
  for (size_t i = 0; i < count; ++i)
    widths[i] = display_width(how.heading[i]);
  for (const auto& row : rows)
    for (size_t i = 0; i < count; ++i)
      widths[i] = std::max(widths[i], display_width(row[i].text));
  if (on.width) {
    size_t others = gap * (count - 1);
    for (size_t i = 0; i < count; ++i)
      others += i == how.elastic ? 0 : widths[i];
    const size_t room = std::max(*on.width - std::min(*on.width, others), least_elastic);
    widths[how.elastic] = std::min(widths[how.elastic], room);
  }
  std::vector<std::string> lines;
  auto draw = [&](const auto& text_of, const auto& tone_of) {
    std::string line;
    for (size_t i = 0; i < count; ++i) {
      const auto text = aligned(cut(text_of(i), widths[i]), widths[i], how.to_the_right[i]);
      line += (i == 0 ? "" : std::string(gap, ' ')) + paint(on, tone_of(i), text);
    }
    if (!on.color) line.erase(line.find_last_not_of(' ') + 1);
    lines.push_back(on.width ? cut(line, *on.width) : line);
  };
  draw([&](size_t i) { return how.heading[i]; }, [](size_t) { return tone::dim; });
  for (const auto& row : rows)
    draw([&](size_t i) { return row[i].text; }, [&](size_t i) { return row[i].kind; });
  return lines;
}

std::string sparkline(const std::vector<double>& points, size_t width, bool unicode) {
  static constexpr std::array<const char*, 8> bars{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  static constexpr std::array<const char*, 8> signs{"_", ".", "-", "~", "=", "+", "*", "#"};
  std::vector<double> shown;
  // The highest of the points that share a column: a short peak is what one looks for.
  const size_t used = std::min(width, points.size());
  for (size_t i = 0; i < used; ++i) {
    double highest = 0;
    for (size_t at = points.size() * i / used; at < points.size() * (i + 1) / used; ++at)
      if (!std::isnan(points[at])) highest = std::max(highest, points[at]);
    shown.push_back(highest);
  }
  const double top = shown.empty() ? 0 : *std::max_element(shown.begin(), shown.end());
  std::string line(width - used, ' ');
  for (const auto value : shown) {
    const auto step = top <= 0 ? 0 : static_cast<size_t>(std::lround(value / top * 7));
    line += unicode ? bars[step] : signs[step];
  }
  return line;
}

std::string in_bytes(double count) {
  static constexpr std::array<const char*, 5> units{"B", "KiB", "MiB", "GiB", "TiB"};
  size_t unit = 0;
  for (; count >= 1024 && unit + 1 < units.size(); ++unit)
    count /= 1024;
  return format(unit == 0 ? "%.0f %s" : "%.1f %s", count, units[unit]);
}

std::string in_short(double value) {
  if (std::isnan(value)) return "-";
  if (std::abs(value) >= 1e6) return format("%.1fM", value / 1e6);
  if (std::abs(value) >= 1e4) return format("%.1fk", value / 1e3);
  return value == std::round(value) ? format("%.0f", value) : format("%.1f", value);
}

std::string in_time(int64_t ms) {
  const long long s = std::max<int64_t>(ms, 0) / 1000;
  if (ms < 1000) return format("%lldms", static_cast<long long>(std::max<int64_t>(ms, 0)));
  if (s < 60) return format("%llds", s);
  if (s < 3600) return format("%lldm%02llds", s / 60, s % 60);
  if (s < 86400) return format("%lldh%02lldm", s / 3600, s / 60 % 60);
  return format("%lldd%02lldh", s / 86400, s / 3600 % 24);
}

} // namespace ib::imgctl
