#include "tools/imgctl/text.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

namespace ib::imgctl {
namespace {

/// A line that never ends is shown in pieces of this size.
constexpr size_t longest_line = 64 << 10;

constexpr char escape = '\x1b';

bool is_continuation(unsigned char c) { return (c & 0xc0) == 0x80; }

size_t sequence_length(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead < 0xe0) return 2;
  if (lead >= 0xe0 && lead < 0xf0) return 3;
  if (lead >= 0xf0 && lead < 0xf5) return 4;
  return 0;
}

/// One step through a text: a character or a whole escape sequence.
struct glyph {
  size_t bytes;
  size_t columns;
};

/// The length of the escape sequence at the start of `text`, which begins with ESC.
size_t escape_length(std::string_view text) {
  if (text.size() < 2) return text.size();
  if (text[1] == ']') { // a title or link: up to BEL or ESC backslash
    const auto end = text.find_first_of("\x07\x1b", 2);
    if (end == std::string_view::npos) return text.size();
    return text[end] == escape && end + 1 < text.size() ? end + 2 : end + 1;
  }
  if (text[1] != '[') return 2;
  size_t i = 2;
  while (i < text.size() && text[i] >= 0x20 && text[i] < 0x40)
    ++i;
  return std::min(i + 1, text.size());
}

bool is_color(std::string_view sequence) {
  return sequence.size() >= 3 && sequence[1] == '[' && sequence.back() == 'm' &&
         sequence.substr(2).find_first_not_of("0123456789;:m") == std::string_view::npos;
}

/// The blocks that matter in build output: East Asian wide characters and emoji take two columns, combining
/// marks and joiners none.
size_t columns_of(char32_t c) {
  using range = std::pair<char32_t, char32_t>;
  static constexpr std::array<range, 4> none{
      {{0x300, 0x36f}, {0x200b, 0x200f}, {0xfe00, 0xfe0f}, {0x20d0, 0x20ff}}};
  static constexpr std::array<range, 8> wide{{{0x1100, 0x115f},
                                              {0x2e80, 0x303e},
                                              {0x3041, 0xa4cf},
                                              {0xac00, 0xd7a3},
                                              {0xf900, 0xfaff},
                                              {0xfe30, 0xfe6f},
                                              {0xff00, 0xff60},
                                              {0x1f300, 0x1faff}}};
  const auto within = [c](const range& r) { return c >= r.first && c <= r.second; };
  if (std::any_of(none.begin(), none.end(), within)) return 0;
  if (c >= 0x20000 && c <= 0x3fffd) return 2;
  return std::any_of(wide.begin(), wide.end(), within) ? 2 : 1;
}

glyph next_glyph(std::string_view text) {
  if (text.front() == escape) return {escape_length(text), 0};
  const auto lead = static_cast<unsigned char>(text.front());
  const size_t length = sequence_length(lead);
  if (length <= 1 || length > text.size()) return {1, 1};
  char32_t c = lead & (0xff >> (length + 1));
  for (size_t i = 1; i < length; ++i) {
    if (!is_continuation(static_cast<unsigned char>(text[i]))) return {1, 1};
    c = (c << 6) | (static_cast<unsigned char>(text[i]) & 0x3f);
  }
  return {length, columns_of(c)};
}

/// C0 controls and DEL, and the C1 controls in their UTF-8 form (U+0080 to U+009F).
bool is_control(std::string_view character) {
  const auto c = static_cast<unsigned char>(character.front());
  if (character.size() == 1) return c < 0x20 || c == 0x7f || (c >= 0x80 && c < 0xa0);
  return c == 0xc2 && static_cast<unsigned char>(character[1]) < 0xa0;
}

} // namespace

size_t display_width(std::string_view text) {
  size_t columns = 0;
  while (!text.empty()) {
    const auto g = next_glyph(text);
    columns += g.columns;
    text.remove_prefix(g.bytes);
  }
  return columns;
}

std::string cut(std::string_view text, size_t columns) {
  if (display_width(text) <= columns) return std::string(text);
  if (columns == 0) return "";
  std::string out;
  size_t used = 0;
  bool colored = false;
  while (!text.empty()) {
    const auto g = next_glyph(text);
    if (used + g.columns > columns - 1) break;
    colored = colored || text.front() == escape;
    out += text.substr(0, g.bytes);
    used += g.columns;
    text.remove_prefix(g.bytes);
  }
  return out + "…" + (colored ? "\x1b[0m" : "");
}

std::string sanitize(std::string_view line, bool keep_color) {
  std::string out;
  bool colored = false;
  while (!line.empty()) {
    const auto piece = line.substr(0, next_glyph(line).bytes);
    line.remove_prefix(piece.size());
    if (piece.front() == escape) {
      if (!keep_color || !is_color(piece)) continue;
      colored = true;
    } else if (piece == "\t") {
      out.append(8 - display_width(out) % 8, ' ');
      continue;
    } else if (is_control(piece)) {
      continue;
    }
    out += piece;
  }
  return colored ? out + "\x1b[0m" : out;
}

std::vector<std::string> safe_lines(std::string_view text) {
  std::vector<std::string> lines;
  for (size_t from = 0; from < text.size();) {
    const auto end = std::min(text.find('\n', from), text.size());
    if (auto line = sanitize(text.substr(from, end - from), false); !line.empty())
      lines.push_back(std::move(line));
    from = end + 1;
  }
  return lines;
}

std::string one_line(std::string_view text) {
  std::string out;
  for (const auto& line : safe_lines(text))
    out += (out.empty() ? "" : "; ") + line;
  return out;
}

std::string format_elapsed(std::chrono::milliseconds elapsed) {
  const long long ms = std::max<long long>(elapsed.count(), 0);
  std::array<char, 48> buffer{};
  if (ms < 60'000)
    std::snprintf(buffer.data(), buffer.size(), "%lld.%llds", ms / 1000, ms / 100 % 10);
  else if (ms < 3'600'000)
    std::snprintf(buffer.data(), buffer.size(), "%lldm%02llds", ms / 60'000, ms / 1000 % 60);
  else
    std::snprintf(buffer.data(), buffer.size(), "%lldh%02lldm", ms / 3'600'000, ms / 60'000 % 60);
  return buffer.data();
}

std::string shorten_reference(const std::string& ref, size_t columns) {
  if (ref.size() <= columns) return ref;
  constexpr size_t hash_length = 64, shown = 12;
  std::string out = ref;
  const auto separator = ref.find_last_of(":@");
  if (separator != std::string::npos && ref.size() - separator - 1 == hash_length)
    out = ref.substr(0, separator + 1 + shown) + "…";
  if (const size_t width = display_width(out); width > columns && columns > 0)
    out = "…" + out.substr(width - columns + 1);
  return out;
}

size_t incomplete_tail(std::string_view text) {
  const size_t reach = std::min<size_t>(text.size(), 3);
  for (size_t back = 1; back <= reach; ++back) {
    const auto c = static_cast<unsigned char>(text[text.size() - back]);
    if (is_continuation(c)) continue;
    return sequence_length(c) > back ? back : 0;
  }
  return 0;
}

std::vector<std::string> line_splitter::feed(std::string_view bytes) {
  std::vector<std::string> lines;
  while (!bytes.empty()) {
    const auto end = bytes.find('\n');
    partial_ += bytes.substr(0, end);
    const bool complete = end != std::string_view::npos;
    bytes.remove_prefix(complete ? end + 1 : bytes.size());
    if (complete || partial_.size() > longest_line) lines.push_back(take_rest());
  }
  return lines;
}

std::string line_splitter::take_rest() {
  auto line = std::exchange(partial_, {});
  while (!line.empty() && line.back() == '\r')
    line.pop_back();
  if (const auto restart = line.rfind('\r'); restart != std::string::npos) line.erase(0, restart + 1);
  return line;
}

} // namespace ib::imgctl
