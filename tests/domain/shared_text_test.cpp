#include "actors/domain/shared_text.hpp"

#include <catch2/catch.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

using namespace ib;

namespace {

std::vector<std::string_view> parts_of(const shared_text& text) {
  std::vector<std::string_view> parts;
  text.for_each([&](std::string_view part) { parts.push_back(part); });
  return parts;
}

} // namespace

TEST_CASE("a text is what was added to it, in order") {
  shared_text text;
  CHECK(text.empty());
  CHECK(parts_of(text).empty());
  std::string all;
  for (size_t length : {5, 0, 40'000, 300, 16'384, 16'383, 1, 70'000, 2}) {
    std::string piece(length, static_cast<char>('a' + all.size() % 26));
    text.add(shared_text(piece));
    all += piece;
    std::string whole;
    for (auto part : parts_of(text))
      whole += part;
    REQUIRE((whole == all));
    REQUIRE(text.size() == all.size());
  }
  CHECK_FALSE(text.empty());
}

TEST_CASE("large pieces are shared by all copies, and many small ones become a few") {
  auto large = std::make_shared<const std::string>(100'000, 'x');
  shared_text text("begin");
  text.add(large);
  auto copy = text;
  CHECK(parts_of(copy).at(1).data() == large->data());
  for (int i = 0; i < 10'000; ++i)
    copy.add("a line of output\n");
  CHECK(parts_of(copy).size() < 20);
  CHECK(parts_of(text).size() == 2); // the copy grew, and not what it was copied from
}
