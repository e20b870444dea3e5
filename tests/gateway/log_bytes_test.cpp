#include "gateway/log_bytes.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <string>

using namespace ib;

namespace {

std::string text_of(const log_bytes& bytes) {
  std::string text;
  for (const auto& part : bytes.parts)
    text += part.bytes;
  return text;
}

std::string numbered(size_t size) {
  std::string text(size, '\0');
  for (size_t i = 0; i < size; ++i)
    text[i] = static_cast<char>('a' + i * 31 % 26);
  return text;
}

} // namespace

TEST_CASE("a message takes as many blocks as fill it, and the next one goes on there", "[log_bytes]") {
  const auto text = numbered(1'000'000);
  log_buffer log;
  log.append(text);
  auto cursor = log.at(0);
  std::string read;
  size_t messages = 0;
  for (auto bytes = take_bytes(cursor); !bytes.empty(); bytes = take_bytes(cursor)) {
    CHECK(bytes.offset == read.size());
    CHECK(bytes.size <= max_log_message_bytes);
    CHECK(text_of(bytes).size() == bytes.size);
    read += text_of(bytes);
    ++messages;
  }
  CHECK(read == text);
  CHECK(messages == 1'000'000 / max_log_message_bytes + 1);
  CHECK(take_bytes(cursor).offset == text.size());
}

TEST_CASE("a limit inside of a block is kept", "[log_bytes]") {
  log_buffer log;
  log.append(numbered(10'000));
  auto cursor = log.at(1'500);
  auto bytes = take_bytes(cursor, 2'000);
  CHECK(bytes.offset == 1'500);
  CHECK(bytes.size == 2'000);
  CHECK(text_of(bytes) == numbered(10'000).substr(1'500, 2'000));
  CHECK(cursor.offset() == 3'500);
}

TEST_CASE("who takes messages quickly gets larger ones, and everybody else small ones", "[log_bytes]") {
  reading_pace pace;
  auto now = reading_pace::clock::now();
  const auto quickly = [&] { return pace.next(now += reading_pace::quick); };
  const auto slowly = [&] { return pace.next(now += reading_pace::quick + std::chrono::nanoseconds(1)); };
  CHECK(pace.next(now) == reading_pace::least_bytes);
  CHECK(quickly() == 2 * reading_pace::least_bytes);
  for (int i = 0; i < 10; ++i)
    quickly();
  CHECK(quickly() == max_log_message_bytes);
  CHECK(slowly() == reading_pace::least_bytes);
  CHECK(slowly() == reading_pace::least_bytes);
  CHECK(quickly() == 2 * reading_pace::least_bytes);
}
