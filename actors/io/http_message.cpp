#include "actors/io/http_message.hpp"

#include <algorithm>

namespace ib::io {

namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

} // namespace

bool same_word(std::string_view left, std::string_view right) {
  return left.size() == right.size() && std::equal(left.begin(), left.end(), right.begin(),
                                                   [](char a, char b) { return lower(a) == lower(b); });
}

void http_headers::add(std::string name, std::string value) {
  fields_.push_back({std::move(name), std::move(value)});
}

void http_headers::set(const std::string& name, std::string value) {
  remove(name);
  add(name, std::move(value));
}

void http_headers::remove(std::string_view name) {
  std::erase_if(fields_, [&](const http_header& field) { return same_word(field.name, name); });
}

std::string http_headers::first(std::string_view name) const {
  for (const auto& field : fields_)
    if (same_word(field.name, name)) return field.value;
  return {};
}

std::vector<std::string> http_headers::all(std::string_view name) const {
  std::vector<std::string> values;
  for (const auto& field : fields_)
    if (same_word(field.name, name)) values.push_back(field.value);
  return values;
}

std::string percent_encode(std::string_view text) {
  static constexpr char digits[] = "0123456789ABCDEF";
  std::string encoded;
  for (char c : text) {
    if (is_unreserved(c)) {
      encoded += c;
      continue;
    }
    auto byte = static_cast<unsigned char>(c);
    encoded += '%';
    encoded += digits[byte >> 4];
    encoded += digits[byte & 15];
  }
  return encoded;
}

} // namespace ib::io
