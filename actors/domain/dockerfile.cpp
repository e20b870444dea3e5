#include "actors/domain/dockerfile.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace ib {

namespace {

constexpr std::string_view blanks = " \t\r\v\f";

std::string_view without_leading_blanks(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
  return text;
}

bool equals_ignoring_case(std::string_view text, std::string_view upper) {
  return std::equal(text.begin(), text.end(), upper.begin(), upper.end(), [](char c, char wanted) {
    return (c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c) == wanted;
  });
}

std::string_view first_word(std::string_view text) { return text.substr(0, text.find_first_of(blanks)); }

/// "# escape=`" says what joins a line with the next one.
std::optional<char> escape_directive(std::string_view line) {
  if (!line.starts_with('#')) return std::nullopt;
  line = without_leading_blanks(line.substr(1));
  constexpr std::string_view name = "ESCAPE";
  if (!equals_ignoring_case(line.substr(0, name.size()), name)) return std::nullopt;
  line = without_leading_blanks(line.substr(name.size()));
  if (!line.starts_with('=')) return std::nullopt;
  line = without_leading_blanks(line.substr(1));
  return line.empty() ? std::nullopt : std::optional(line.front());
}

/// Cuts a text into lines, without their ends.
class line_reader {
public:
  explicit line_reader(std::string_view text) : rest_(text) {
    constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
    if (rest_.starts_with(byte_order_mark)) rest_.remove_prefix(byte_order_mark.size());
  }

  bool next() {
    if (rest_.empty()) return false;
    auto end = rest_.find('\n');
    line_ = rest_.substr(0, end);
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    if (line_.ends_with('\r')) line_.remove_suffix(1);
    ++number_;
    return true;
  }
  std::string_view line() const { return line_; }
  int number() const { return number_; }

private:
  std::string_view rest_;
  std::string_view line_;
  int number_ = 0;
};

/// Neither begins an instruction nor ends one that goes on.
bool is_passed_over(std::string_view line) {
  line = without_leading_blanks(line);
  return line.empty() || line.starts_with('#');
}

/// Takes the mark off that joins a line with the next; false where there is none.
bool take_continuation(std::string_view& line, char escape) {
  auto last = line.find_last_not_of(" \t");
  if (last == std::string_view::npos || line[last] != escape) return false;
  line = line.substr(0, last);
  return true;
}

} // namespace

std::vector<dockerfile_instruction> dockerfile_instructions(std::string_view text) {
  std::vector<dockerfile_instruction> list;
  line_reader lines(text);
  char escape = '\\';
  bool goes_on = false;
  while (lines.next()) {
    auto line = lines.line();
    if (lines.number() == 1) escape = escape_directive(line).value_or(escape);
    if (is_passed_over(line)) continue;
    if (!goes_on) {
      line = without_leading_blanks(line);
      list.push_back({lines.number(), {}});
    }
    goes_on = take_continuation(line, escape);
    list.back().text += line;
  }
  return list;
}

std::vector<dockerfile_stage> dockerfile_stages(std::string_view text) {
  std::vector<dockerfile_stage> stages;
  bool seen_from = false;
  for (auto& instruction : dockerfile_instructions(text)) {
    auto keyword = first_word(instruction.text);
    bool is_from = equals_ignoring_case(keyword, "FROM");
    if (!seen_from && !is_from && equals_ignoring_case(keyword, "ARG")) continue;
    seen_from = seen_from || is_from;
    if (is_from || stages.empty()) stages.emplace_back();
    stages.back().push_back(std::move(instruction));
  }
  return stages;
}

std::string with_single_blanks(std::string_view text) {
  std::string out;
  for (text = without_leading_blanks(text); !text.empty(); text = without_leading_blanks(text)) {
    auto word = first_word(text);
    out += (out.empty() ? "" : " ") + std::string(word);
    text.remove_prefix(word.size());
  }
  return out;
}

} // namespace ib
