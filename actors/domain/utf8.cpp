#include "actors/domain/utf8.hpp"

#include <algorithm>

namespace ib {

namespace {

/// Length of the character at the start of a text that is not empty, 0 where there is none.
size_t character_length(std::string_view text) {
  auto c = static_cast<unsigned char>(text[0]);
  if (c < 0x80) return 1;
  size_t length = c >= 0xC2 && c <= 0xDF ? 2 : (c & 0xF0) == 0xE0 ? 3 : c >= 0xF0 && c <= 0xF4 ? 4 : 0;
  if (length == 0 || length > text.size()) return 0;
  for (size_t i = 1; i < length; ++i)
    if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80) return 0;
  auto second = static_cast<unsigned char>(text[1]);
  bool is_other_form = (c == 0xE0 && second < 0xA0) || (c == 0xED && second > 0x9F) ||
                       (c == 0xF0 && second < 0x90) || (c == 0xF4 && second > 0x8F);
  return is_other_form ? 0 : length;
}

} // namespace

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    auto length = character_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string as_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    // Most text is ASCII: it is copied at once.
    auto ascii = static_cast<size_t>(
        std::find_if(text.begin(), text.end(), [](char c) { return static_cast<signed char>(c) < 0; }) -
        text.begin());
    out += text.substr(0, ascii);
    text.remove_prefix(ascii);
    if (text.empty()) break;
    auto length = character_length(text);
    if (length == 0)
      out += "\xEF\xBF\xBD";
    else
      out += text.substr(0, length);
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

} // namespace ib
