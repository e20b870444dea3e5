#include "actors/domain/log_buffer.hpp"
#include "tests/domain/log_support.hpp"

#include <catch2/catch.hpp>

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

using namespace ib;
using namespace ib::test;

namespace {

/// Runs `work` on a thread with 128 KiB of stack.
void on_small_stack(std::function<void()> work) {
  pthread_attr_t attributes;
  REQUIRE(pthread_attr_init(&attributes) == 0);
  REQUIRE(pthread_attr_setstacksize(&attributes, 128 * 1024) == 0);
  const auto run = [](void* argument) -> void* {
    (*static_cast<std::function<void()>*>(argument))();
    return nullptr;
  };
  pthread_t thread{};
  REQUIRE(pthread_create(&thread, &attributes, run, &work) == 0);
  CHECK(pthread_join(thread, nullptr) == 0);
  pthread_attr_destroy(&attributes);
}

} // namespace

TEST_CASE("an empty log has nothing to read") {
  log_buffer log;
  auto cursor = log.at(0);
  CHECK(cursor.next(100).bytes.empty());
  CHECK(log.at(5).offset() == 0);
  CHECK(log.begin_offset() == 0);
  CHECK(log.end_offset() == 0);
  CHECK_FALSE(log.closed());
  log.append("");
  CHECK(log.end_offset() == 0);
}

TEST_CASE("a cursor without a log reads nothing") {
  log_buffer::cursor cursor;
  CHECK(cursor.next(100).bytes.empty());
  CHECK(cursor.offset() == 0);
}

TEST_CASE("what is appended is read in order, from any offset and in any portions") {
  log_buffer log;
  std::string text;
  std::mt19937 random(1);
  for (int i = 0; i < 400; ++i) {
    const auto piece = bytes_from(text.size(), random() % 1500);
    log.append(piece);
    text += piece;
  }
  REQUIRE(log.end_offset() == text.size());
  for (const size_t portion : {size_t{7}, size_t{1000}, size_t{1} << 20}) {
    auto cursor = log.at(0);
    CHECK(read_all(cursor, portion) == text);
    CHECK(cursor.offset() == text.size());
  }
  for (int i = 0; i < 200; ++i) {
    const auto offset = random() % text.size();
    auto cursor = log.at(offset);
    CHECK(cursor.offset() == offset);
    CHECK(read_all(cursor) == text.substr(offset));
  }
}

TEST_CASE("offsets at the edges of blocks are found") {
  log_buffer log;
  // In small pieces, so that the blocks begin small.
  for (uint64_t end = 0; end < 200'000; end += 100)
    log.append(bytes_from(end, 100));
  uint64_t edge = 0;
  for (size_t size = log_buffer::smallest_block_bytes; edge + size < 200'000;
       size = std::min(size * 2, log_buffer::max_block_bytes)) {
    edge += size;
    for (const auto offset : {edge - 1, edge, edge + 1}) {
      auto cursor = log.at(offset);
      CHECK(cursor.offset() == offset);
      const auto slice = cursor.next(100);
      CHECK(slice.offset == offset);
      CHECK_FALSE(slice.bytes.empty());
      CHECK(fits(slice));
    }
  }
}

TEST_CASE("a cursor at the end of a full block goes on when more comes") {
  log_buffer log;
  log.append(bytes_from(0, log_buffer::smallest_block_bytes));
  auto cursor = log.at(log_buffer::smallest_block_bytes);
  auto early = log.at(0);
  CHECK(cursor.next(10).bytes.empty());
  CHECK(early.next(1 << 20).bytes.size() == log_buffer::smallest_block_bytes);
  CHECK(early.next(10).bytes.empty());
  log.append("next");
  CHECK(cursor.next(10).bytes == "next");
  CHECK(early.next(10).bytes == "next");
  CHECK(cursor.next(10).bytes.empty());
}

TEST_CASE("a read of no bytes stays where it is") {
  log_buffer log;
  log.append("abc");
  auto cursor = log.at(1);
  CHECK(cursor.next(0).bytes.empty());
  CHECK(cursor.offset() == 1);
  CHECK(cursor.next(1).bytes == "b");
}

TEST_CASE("a cursor beyond the end starts at the end") {
  log_buffer log;
  log.append("abc");
  auto cursor = log.at(1000);
  CHECK(cursor.offset() == 3);
  log.append("def");
  CHECK(cursor.next(10).bytes == "def");
}

TEST_CASE("a copy of a cursor reads on its own") {
  log_buffer log;
  log.append("abcdef");
  auto first = log.at(0);
  CHECK(first.next(2).bytes == "ab");
  auto second = first;
  CHECK(first.next(10).bytes == "cdef");
  CHECK(second.next(10).bytes == "cdef");
}

TEST_CASE("nothing is appended after close") {
  log_buffer log;
  log.append("abc");
  log.close();
  log.close();
  log.append("def");
  CHECK(log.closed());
  CHECK(log.end_offset() == 3);
}

TEST_CASE("slices and cursors outlive the log") {
  auto log = std::make_unique<log_buffer>();
  log->append(bytes_from(0, 100'000));
  auto cursor = log->at(0);
  const auto slice = cursor.next(100);
  log.reset();
  CHECK(slice.bytes == bytes_from(0, 100));
  CHECK(read_all(cursor) == bytes_from(100, 99'900));
}

TEST_CASE("retention drops whole blocks and keeps at least its amount") {
  constexpr uint64_t retention = 150'000;
  log_buffer log(retention);
  uint64_t length = 0;
  uint64_t begin = 0;
  while (length < 2'000'000) {
    log.append(bytes_from(length, 777));
    length += 777;
    CHECK(log.begin_offset() >= begin);
    begin = log.begin_offset();
    if (begin > 0) CHECK(length - begin >= retention);
    CHECK(length - begin < retention + log_buffer::max_block_bytes);
  }
  auto cursor = log.at(0);
  CHECK(cursor.offset() == begin);
  CHECK(read_all(cursor) == bytes_from(begin, length - begin));
}

TEST_CASE("a small retention keeps the block that is written") {
  log_buffer log(1);
  log.append(bytes_from(0, log_buffer::smallest_block_bytes));
  CHECK(log.begin_offset() == 0);
  log.append("x");
  CHECK(log.begin_offset() == log_buffer::smallest_block_bytes);
}

TEST_CASE("a slow cursor misses nothing though its block was dropped") {
  log_buffer log(100'000);
  log.append(bytes_from(0, 10));
  auto slow = log.at(3);
  log.append(bytes_from(10, 1'000'000));
  CHECK(log.begin_offset() > 0);
  CHECK(read_all(slow) == bytes_from(3, 1'000'007));
}

TEST_CASE("dropped blocks are freed once nobody reads them") {
  log_buffer log(1);
  log.append(bytes_from(0, 10));
  auto cursor = log.at(0);
  std::weak_ptr<const void> first = cursor.next(1).owner;
  log.append(bytes_from(10, 200'000));
  CHECK_FALSE(first.expired());
  cursor = log.at(log.end_offset());
  CHECK(first.expired());
}

TEST_CASE("a log of many blocks is released without deep recursion") {
  auto log = std::make_unique<log_buffer>();
  auto cursor = log->at(0);
  const std::string block(log_buffer::max_block_bytes, 'x');
  for (int i = 0; i < 1'500; ++i)
    log->append(block);
  // The stack would not hold one destructor within another for each of the blocks.
  on_small_stack([&] {
    log.reset();
    cursor = {};
  });
  CHECK(cursor.next(1).bytes.empty());
}

TEST_CASE("readers on other threads see every byte once and in order") {
  for (const uint64_t retention : {uint64_t{0}, uint64_t{20'000}}) {
    constexpr uint64_t total = 3'000'000;
    log_buffer log(retention);
    std::atomic<int> ready{0};
    std::vector<uint64_t> ends(4, 0);
    std::atomic<bool> all_fit{true};
    std::vector<std::thread> readers;
    for (size_t reader = 0; reader < ends.size(); ++reader) {
      readers.emplace_back([&, reader] {
        auto cursor = log.at(0);
        ++ready;
        uint64_t expected = cursor.offset();
        for (bool ended = false; !ended;) {
          // Asked before the read: bytes published before close() must then be visible.
          ended = log.closed();
          for (auto slice = cursor.next(100 + reader * 10'000); !slice.bytes.empty();
               slice = cursor.next(100 + reader * 10'000)) {
            if (slice.offset != expected || !fits(slice)) all_fit = false;
            expected += slice.bytes.size();
          }
          if (!ended) std::this_thread::yield();
        }
        ends[reader] = expected;
      });
    }
    while (ready < 4)
      std::this_thread::yield();
    std::mt19937 random(7);
    for (uint64_t length = 0; length < total;) {
      const auto count = std::min<uint64_t>(1 + random() % 5'000, total - length);
      log.append(bytes_from(length, count));
      length += count;
    }
    log.close();
    for (auto& reader : readers)
      reader.join();
    CHECK(all_fit);
    CHECK(ends == std::vector<uint64_t>(4, total));
  }
}

TEST_CASE("cursors may be taken and dropped while the log is written and dropped") {
  constexpr uint64_t total = 3'000'000;
  auto log = std::make_shared<log_buffer>(30'000);
  std::atomic<bool> all_fit{true};
  std::vector<uint64_t> taken(3, 0);
  std::vector<std::thread> readers;
  for (size_t reader = 0; reader < taken.size(); ++reader) {
    readers.emplace_back([&, reader, log] {
      std::mt19937 random(static_cast<uint32_t>(reader));
      while (taken[reader] == 0 || !log->closed()) {
        const auto wanted = random() % (log->end_offset() + 1);
        auto cursor = log->at(wanted);
        if (cursor.offset() < wanted) all_fit = false;
        for (int i = 0; i < 4; ++i) {
          if (!fits(cursor.next(5'000))) all_fit = false;
        }
        ++taken[reader];
      }
    });
  }
  for (uint64_t length = 0; length < total; length += 1'000)
    log->append(bytes_from(length, 1'000));
  log->close();
  log.reset();
  for (auto& reader : readers)
    reader.join();
  CHECK(all_fit);
  for (const auto count : taken)
    CHECK(count > 0);
}
