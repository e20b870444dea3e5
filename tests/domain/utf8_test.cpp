#include "actors/domain/utf8.hpp"

#include <catch2/catch.hpp>

#include <utility>
#include <vector>

using namespace ib;

TEST_CASE("text that is UTF-8 stays as it is", "[utf8]") {
  for (const char* text : {"", "a", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80",
                           "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF", "für 10 € 𝄞"}) {
    CAPTURE(text);
    CHECK(is_utf8(text));
    CHECK(as_utf8(text) == text);
  }
}

TEST_CASE("each byte that belongs to no character is replaced, and the rest stays", "[utf8]") {
  const std::string sign = "\xEF\xBF\xBD";
  const std::vector<std::pair<std::string, std::string>> table{
      {"\x80", sign},
      {"a\xFFz", "a" + sign + "z"},
      {"\xC1\xBF", sign + sign},                       // overlong
      {"\xE0\x9F\xBF", sign + sign + sign},            // overlong
      {"\xED\xA0\x80", sign + sign + sign},            // a surrogate
      {"\xF4\x90\x80\x80", sign + sign + sign + sign}, // beyond Unicode
      {"\xC3", sign},                                  // cut off
      {"\xE2\x82", sign + sign},                       // cut off
      {"\xE2\x82z", sign + sign + "z"},                // cut off
      {"\xC3\xC3\xBC", sign + "\xC3\xBC"},             // the second is whole
  };
  for (const auto& [from, to] : table) {
    CAPTURE(from);
    CHECK_FALSE(is_utf8(from));
    CHECK(as_utf8(from) == to);
  }
}
