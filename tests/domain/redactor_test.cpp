#include "actors/domain/redactor.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

using namespace ib;

namespace {

std::shared_ptr<const pattern_set> compile(const std::vector<std::string>& patterns) {
  return std::make_shared<const pattern_set>(patterns);
}

std::string redact(const std::vector<std::string>& patterns, const std::string& text) {
  redactor stream(compile(patterns), "#");
  std::string out;
  stream.write(text, out);
  stream.finish(out);
  return out;
}

std::string whole(const shared_text& text) {
  std::string all;
  text.for_each([&](std::string_view part) { all += part; });
  return all;
}

/// By the one way or the other.
void feed(redactor& stream, const std::string& piece, bool shared, std::string& out) {
  if (shared)
    out += whole(stream.pass(std::make_shared<const std::string>(piece)));
  else
    stream.write(piece, out);
}

/// The slow model: marks every occurrence in the whole text, joins those that overlap, and masks each group.
std::string redact_slowly(const std::vector<std::string>& patterns, const std::string& text) {
  // joined[i]: the bytes i and i + 1 are in one occurrence; inside[i]: byte i is in one.
  std::vector<bool> inside(text.size() + 1, false);
  std::vector<bool> joined(text.size() + 1, false);
  for (const auto& pattern : patterns) {
    if (pattern.empty()) continue;
    for (auto at = text.find(pattern); at != std::string::npos; at = text.find(pattern, at + 1)) {
      for (size_t i = at; i < at + pattern.size(); ++i) {
        inside[i] = true;
        if (i + 1 < at + pattern.size()) joined[i] = true;
      }
    }
  }
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (!inside[i]) {
      out += text[i];
    } else if (i == 0 || !joined[i - 1]) {
      out += '#';
    }
  }
  return out;
}

std::string random_text(std::mt19937& random, size_t length, unsigned letters) {
  std::string text;
  for (size_t i = 0; i < length; ++i)
    text += static_cast<char>('a' + random() % letters);
  return text;
}

std::vector<std::string> random_patterns(std::mt19937& random, unsigned letters) {
  std::vector<std::string> patterns;
  const auto count = 1 + random() % 6;
  for (size_t i = 0; i < count; ++i)
    patterns.push_back(random_text(random, random() % 7, letters));
  return patterns;
}

/// Patterns of up to 80 bytes, and a text that is full of them, of their beginnings and of their ends.
struct planted_text {
  explicit planted_text(std::mt19937& random) {
    const auto letters = 2 + random() % 20;
    const auto shortest = 1 + random() % 40;
    const auto count = 1 + random() % 8;
    for (size_t i = 0; i < count; ++i) {
      patterns.push_back(random_text(random, shortest + random() % 40, letters));
    }
    for (int i = 0; i < 12; ++i) {
      const auto& pattern = patterns[random() % count];
      const auto begin = random() % 3 == 0 ? random() % pattern.size() : 0;
      text += pattern.substr(begin, random() % 2 == 0 ? pattern.size() : random() % pattern.size());
      text += random_text(random, random() % 2 == 0 ? 0 : random() % 60, letters);
    }
  }

  std::vector<std::string> patterns;
  std::string text;
};

} // namespace

TEST_CASE("every occurrence becomes a mask") {
  CHECK(redact({"secret"}, "a secret and a secret") == "a # and a #");
  CHECK(redact({"secret"}, "secret") == "#");
  CHECK(redact({"secret"}, "secre secretsecre") == "secre #secre");
  CHECK(redact({"a"}, "banana") == "b#n#n#");
  CHECK(redact({"x", "long one"}, "x long one x") == "# # #");
  CHECK(redact({std::string("\0\xff", 2)}, std::string("a\0\xff"
                                                       "b",
                                                       4)) == "a#b");
}

TEST_CASE("occurrences that overlap become one mask, those that touch stay two") {
  CHECK(redact({"abc", "cde"}, "xabcdex") == "x#x");
  CHECK(redact({"aa"}, "aaaaa") == "#");
  CHECK(redact({"ab"}, "abab") == "##");
  CHECK(redact({"ab", "cd", "bcde"}, "abcde") == "#");
  CHECK(redact({"abcd", "bc"}, "abcd") == "#");
  CHECK(redact({"bc"}, "abcd") == "a#d");
}

TEST_CASE("a longer pattern that does not complete does not hide a shorter one") {
  CHECK(redact({"abcdef", "cd"}, "abcdx") == "ab#x");
  CHECK(redact({"abcdef", "cd"}, "abcd") == "ab#");
}

TEST_CASE("no pattern, an empty one or none at all changes nothing") {
  CHECK(redact({}, "text") == "text");
  CHECK(redact({""}, "text") == "text");
  CHECK(pattern_set({""}).empty());
  CHECK(pattern_set({}).empty());
  CHECK_FALSE(pattern_set({"a"}).empty());
  redactor none(nullptr);
  std::string out;
  none.write("text", out);
  none.finish(out);
  CHECK(out == "text");
  CHECK(none.consumed() == 4);
}

TEST_CASE("the mask is told apart by default") {
  redactor stream(compile({"secret"}));
  std::string out;
  stream.write("my secret.", out);
  CHECK(out == "my [redacted].");
}

TEST_CASE("bytes that may begin a match are held back and nothing else is") {
  redactor stream(compile({"secret"}), "#");
  std::string out;
  stream.write("see sec", out);
  CHECK(out == "see ");
  CHECK(stream.consumed() == 4);
  stream.write("ret", out);
  CHECK(out == "see #");
  CHECK(stream.consumed() == 10);
  stream.write(" sec", out);
  CHECK(out == "see # ");
  stream.finish(out);
  CHECK(out == "see # sec");
  CHECK(stream.consumed() == 14);
}

TEST_CASE("a piece of which nothing is hidden or held back is given on itself") {
  redactor stream(compile({"secret"}), "#");
  auto address_of = [](const shared_text& text) {
    const char* address = nullptr;
    text.for_each([&](std::string_view part) { address = part.data(); });
    return address;
  };
  auto plain = std::make_shared<const std::string>(100'000, '.');
  CHECK(address_of(stream.pass(plain)) == plain->data());
  auto begun = std::make_shared<const std::string>(*plain + "sec");
  CHECK(whole(stream.pass(begun)) == *plain);
  CHECK(whole(stream.pass(std::make_shared<const std::string>("ret" + *plain))) == "#" + *plain);
  CHECK(address_of(stream.pass(plain)) == plain->data());
  CHECK(stream.consumed() == 4 * plain->size() + 6);
}

TEST_CASE("a stream may go on after its end as a new one") {
  redactor stream(compile({"secret"}), "#");
  std::string out;
  stream.write("sec", out);
  stream.finish(out);
  stream.write("ret secret", out);
  stream.finish(out);
  CHECK(out == "secret #");
  CHECK(stream.consumed() == 13);
}

TEST_CASE("an occurrence that grows without end is not remembered byte by byte") {
  redactor stream(compile({"aa"}), "#");
  std::string out;
  for (int i = 0; i < 100'000; ++i)
    stream.write("a", out);
  CHECK(out.empty());
  CHECK(stream.consumed() == 0);
  stream.write("b", out);
  CHECK(out == "#b");
  CHECK(stream.consumed() == 100'001);
}

TEST_CASE("a secret of megabytes is hidden") {
  std::mt19937 random(3);
  const auto secret = random_text(random, 2'000'000, 20);
  CHECK(redact({secret}, "x" + secret + "y") == "x#y");
  CHECK(redact({secret}, secret.substr(0, 1'999'999) + "y") == secret.substr(0, 1'999'999) + "y");
}

TEST_CASE("however the stream is cut, the output is that of the whole text") {
  std::mt19937 random(11);
  for (int round = 0; round < 6'000; ++round) {
    const auto letters = 1 + random() % 4;
    const auto patterns = random_patterns(random, letters);
    const auto text = random_text(random, random() % 60, letters);
    CAPTURE(patterns, text);
    const auto expected = redact_slowly(patterns, text);
    redactor stream(compile(patterns), "#");
    std::string out;
    for (size_t at = 0; at < text.size();) {
      const auto count = std::min<size_t>(random() % 9, text.size() - at);
      feed(stream, text.substr(at, count), random() % 2 == 0, out);
      at += count;
      REQUIRE(expected.starts_with(out));
      REQUIRE(stream.consumed() <= at);
    }
    stream.finish(out);
    REQUIRE(out == expected);
    REQUIRE(stream.consumed() == text.size());
  }
}

TEST_CASE("a fresh redactor fed from consumed() goes on where the other was") {
  std::mt19937 random(13);
  for (int round = 0; round < 6'000; ++round) {
    const auto letters = 1 + random() % 4;
    const auto patterns = random_patterns(random, letters);
    const auto text = random_text(random, random() % 60, letters);
    CAPTURE(patterns, text);
    const auto compiled = compile(patterns);
    std::string out;
    redactor stream(compiled, "#");
    uint64_t origin = 0; // input offset at which the present redactor began
    for (uint64_t at = 0; at < text.size();) {
      const auto count = std::min<uint64_t>(random() % 9, text.size() - at);
      feed(stream, text.substr(at, count), random() % 2 == 0, out);
      at += count;
      if (random() % 3 == 0) {
        at = origin + stream.consumed();
        stream = redactor(compiled, "#");
        origin = at;
      }
    }
    stream.finish(out);
    REQUIRE(out == redact_slowly(patterns, text));
  }
}

TEST_CASE("long patterns are found wherever they stand and however the stream is cut") {
  std::mt19937 random(17);
  size_t masks = 0;
  for (int round = 0; round < 3'000; ++round) {
    const planted_text planted(random);
    CAPTURE(planted.patterns, planted.text);
    const auto compiled = compile(planted.patterns);
    const auto longest_write = 1 + random() % 200;
    std::string out;
    redactor stream(compiled, "#");
    uint64_t origin = 0;
    int restarts = 0; // bounded: each takes back what is held
    for (uint64_t at = 0; at < planted.text.size();) {
      const auto count = std::min<uint64_t>(random() % (longest_write + 1), planted.text.size() - at);
      stream.write(std::string_view(planted.text).substr(at, count), out);
      at += count;
      if (random() % 8 == 0 && restarts < 5) {
        ++restarts;
        at = origin + stream.consumed();
        stream = redactor(compiled, "#");
        origin = at;
      }
    }
    stream.finish(out);
    REQUIRE(out == redact_slowly(planted.patterns, planted.text));
    masks += static_cast<size_t>(std::count(out.begin(), out.end(), '#'));
  }
  CHECK(masks > 3'000);
}
