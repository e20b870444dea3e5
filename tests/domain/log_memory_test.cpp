#include "tests/domain/log_support.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <atomic>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

using namespace ib;
using namespace ib::test;

namespace {

/// A log that is also kept elsewhere: every byte of it can be had again.
struct kept_log {
  explicit kept_log(uint64_t retention = 0) : log(std::make_shared<log_buffer>(retention)) {}

  void append(size_t count) { log->append(bytes_from(log->end_offset(), count)); }

  /// In pieces that have nothing to do with the blocks, from a little before the gap on.
  bool bring_back(size_t piece = 3'000, uint64_t from = 0) const {
    auto gap = log->gap(from);
    for (uint64_t at = log->begin_offset() / piece * piece; at < log->end_offset(); at += piece)
      gap.add(at, bytes_from(at, std::min<uint64_t>(piece, log->end_offset() - at)));
    return log->bring_back(std::move(gap));
  }
  log_buffer::pin pin() const { return log_buffer::pin(log); }
  std::string text() const {
    auto cursor = log->at(0);
    return read_all(cursor);
  }

  std::shared_ptr<log_buffer> log;
};

} // namespace

TEST_CASE("a log that is let go holds nothing, and its offsets stay", "[log_memory]") {
  kept_log kept;
  kept.append(200'000);
  auto first = std::weak_ptr<const void>(kept.log->at(0).next(1).owner);
  CHECK(kept.log->let_go());
  CHECK(first.expired());
  CHECK(kept.log->begin_offset() == 0);
  CHECK(kept.log->memory_begin() == 200'000);
  CHECK(kept.log->end_offset() == 200'000);
  CHECK(kept.text().empty());
  CHECK(kept.log->let_go());
}

TEST_CASE("what is appended after a log was let go can be read from there", "[log_memory]") {
  kept_log kept;
  kept.append(5'000);
  REQUIRE(kept.log->let_go());
  auto pin = kept.pin();
  CHECK_FALSE(pin.reaches(0));
  CHECK_FALSE(pin.reaches(4'999));
  CHECK(pin.reaches(5'000));
  CHECK(pin.reaches(1 << 20));
  auto waiting = kept.log->at(5'000);
  CHECK(waiting.next(10).bytes.empty());
  for (int i = 0; i < 300; ++i)
    kept.append(1'000);
  CHECK(read_all(waiting) == bytes_from(5'000, 300'000));
  CHECK(kept.text() == bytes_from(5'000, 300'000));
}

TEST_CASE("a log that was let go comes back whole", "[log_memory]") {
  for (const size_t length : {1, 255, 1'024, 65'536, 65'537, 300'000}) {
    for (const size_t more : {0, 1, 700, 100'000}) {
      for (const size_t piece : {1'000, 65'536, 1 << 20}) {
        kept_log kept;
        kept.append(length);
        REQUIRE(kept.log->let_go());
        kept.append(more);
        REQUIRE(kept.bring_back(piece));
        CHECK(kept.log->memory_begin() == 0);
        CHECK(kept.text() == bytes_from(0, length + more));
        kept.append(10);
        for (const uint64_t from : {uint64_t{0}, uint64_t{length - 1}, uint64_t{length}, length + more + 1}) {
          auto cursor = kept.log->at(from);
          CHECK(read_all(cursor) == bytes_from(from, length + more + 10 - from));
        }
      }
    }
  }
}

TEST_CASE("a log comes back from an offset on, and the rest later", "[log_memory]") {
  kept_log kept;
  kept.append(200'000);
  REQUIRE(kept.log->let_go());
  kept.append(10);
  for (const uint64_t from : {300'000, 200'010, 200'000, 199'999, 150'000, 70'000, 1, 0}) {
    REQUIRE(kept.bring_back(1'000, from));
    const auto in_memory = std::min<uint64_t>(from, 200'000);
    CHECK(kept.log->memory_begin() == in_memory);
    CHECK(kept.log->begin_offset() == 0);
    CHECK(kept.pin().reaches(from));
    CHECK((from == 0 || !kept.pin().reaches(in_memory - 1)));
    CHECK(kept.text() == bytes_from(in_memory, 200'010 - in_memory));
  }
}

TEST_CASE("a log is let go and comes back many times", "[log_memory]") {
  kept_log kept;
  std::mt19937 random(3);
  for (int i = 0; i < 300; ++i) {
    kept.append(random() % 3'000);
    if (random() % 2 == 0) CHECK(kept.log->let_go());
    if (random() % 3 == 0) {
      REQUIRE(kept.bring_back());
      REQUIRE(kept.text() == bytes_from(0, kept.log->end_offset()));
    }
  }
}

TEST_CASE("nothing is let go while somebody reads", "[log_memory]") {
  kept_log kept;
  kept.append(10'000);
  auto pin = kept.pin();
  CHECK_FALSE(kept.log->let_go());
  auto copy = pin;
  pin = {};
  CHECK_FALSE(kept.log->let_go());
  auto moved = std::move(copy);
  CHECK_FALSE(kept.log->let_go());
  CHECK(moved.reaches(0));
  CHECK(kept.text() == bytes_from(0, 10'000));
  moved = {};
  CHECK(kept.log->let_go());
}

TEST_CASE("a pin keeps the log alive", "[log_memory]") {
  kept_log kept;
  kept.append(10);
  auto pin = kept.pin();
  std::weak_ptr<log_buffer> log = kept.log;
  kept.log.reset();
  CHECK(pin.reaches(0));
  pin = {};
  CHECK(log.expired());
}

TEST_CASE("a cursor without a pin misses nothing either", "[log_memory]") {
  kept_log kept;
  kept.append(1'500);
  auto slow = kept.log->at(3);
  auto at_end = kept.log->at(1'500);
  REQUIRE(kept.log->let_go());
  kept.append(1'500);
  REQUIRE(kept.log->let_go());
  kept.append(1'500);
  CHECK(read_all(slow) == bytes_from(3, 4'497));
  CHECK(read_all(at_end) == bytes_from(1'500, 3'000));
}

TEST_CASE("bytes that do not reach what is in memory do not come back", "[log_memory]") {
  kept_log kept;
  kept.append(1'000);
  REQUIRE(kept.log->let_go());
  auto too_short = kept.log->gap(0);
  too_short.add(0, bytes_from(0, 999));
  CHECK_FALSE(kept.log->bring_back(std::move(too_short)));
  auto with_a_hole = kept.log->gap(0);
  with_a_hole.add(0, bytes_from(0, 400));
  with_a_hole.add(401, bytes_from(401, 599));
  CHECK_FALSE(kept.log->bring_back(std::move(with_a_hole)));
  CHECK(kept.log->memory_begin() == 1'000);
  CHECK(kept.bring_back());
  CHECK(kept.text() == bytes_from(0, 1'000));
  // Nothing is missing any more.
  CHECK(kept.bring_back());
  CHECK(kept.text() == bytes_from(0, 1'000));
}

TEST_CASE("a beginning that cannot be had again counts as dropped", "[log_memory]") {
  kept_log kept;
  kept.append(1'000);
  REQUIRE(kept.log->let_go());
  kept.append(5);
  auto gap = kept.log->gap(0);
  gap.add(300, bytes_from(300, 700));
  REQUIRE(kept.log->bring_back(std::move(gap)));
  CHECK(kept.log->begin_offset() == 300);
  CHECK(kept.pin().reaches(0));
  CHECK(kept.text() == bytes_from(300, 705));
  REQUIRE(kept.log->let_go());
  auto nothing = kept.log->gap(0);
  nothing.add(2'000, "later");
  REQUIRE(kept.log->bring_back(std::move(nothing)));
  CHECK(kept.log->begin_offset() == 1'005);
}

TEST_CASE("retention goes on while a log is let go", "[log_memory]") {
  constexpr uint64_t retention = 150'000;
  kept_log kept(retention);
  std::mt19937 random(5);
  uint64_t begin = 0;
  while (kept.log->end_offset() < 3'000'000) {
    kept.append(777);
    if (random() % 20 == 0) CHECK(kept.log->let_go());
    if (random() % 200 == 0) REQUIRE(kept.bring_back());
    const auto length = kept.log->end_offset();
    CHECK(kept.log->begin_offset() >= begin);
    begin = kept.log->begin_offset();
    CHECK(begin <= kept.log->memory_begin());
    if (begin > 0) CHECK(length - begin >= retention);
    CHECK(length - begin < retention + log_buffer::max_block_bytes);
  }
  REQUIRE(kept.bring_back());
  CHECK(kept.text() == bytes_from(begin, kept.log->end_offset() - begin));
}

TEST_CASE("a closed log can leave memory and come back", "[log_memory]") {
  kept_log kept;
  kept.append(1'000);
  kept.log->close();
  CHECK(kept.log->let_go());
  CHECK(kept.bring_back());
  CHECK(kept.text() == bytes_from(0, 1'000));
  CHECK(kept.log->closed());
}

TEST_CASE("a log of an earlier life begins without anything in memory", "[log_memory]") {
  kept_log kept;
  kept.log = std::make_shared<log_buffer>(0, 100, 5'000);
  CHECK(kept.log->begin_offset() == 100);
  CHECK(kept.log->end_offset() == 5'000);
  CHECK_FALSE(kept.pin().reaches(0));
  kept.append(10);
  REQUIRE(kept.bring_back());
  CHECK(kept.pin().reaches(0));
  CHECK(kept.text() == bytes_from(100, 4'910));
  CHECK(log_buffer(1'000, 0, 1'000'000).begin_offset() == 999'000);
}

TEST_CASE("small logs take small blocks", "[log_memory]") {
  kept_log kept;
  kept.append(20);
  REQUIRE(kept.log->let_go());
  auto cursor = kept.log->at(20);
  kept.append(70'000);
  // As large as what comes, up to what a block may be.
  CHECK(cursor.next(1 << 20).bytes.size() == log_buffer::max_block_bytes);
}

TEST_CASE("readers come and go while a log is let go and brought back, and none finds a hole",
          "[log_memory]") {
  for (const uint64_t retention : {uint64_t{0}, uint64_t{50'000}}) {
    constexpr uint64_t total = 1'500'000;
    kept_log kept(retention);
    auto& log = *kept.log;
    std::atomic<int> asking{0}; ///< readers that wait to have the log brought back
    std::atomic<bool> all_fit{true};
    std::atomic<bool> has_ended{false};
    std::atomic<bool> leave{false}; ///< for readers: go away for a moment
    std::vector<uint64_t> whole_reads(4, 0);
    std::vector<std::thread> readers;
    for (size_t reader = 0; reader < whole_reads.size(); ++reader) {
      readers.emplace_back([&, reader] {
        std::mt19937 random(static_cast<uint32_t>(reader));
        for (bool last = false; !last;) {
          last = has_ended;
          while (leave && !has_ended)
            std::this_thread::yield();
          const uint64_t from = random() % 2 == 0 ? 0 : random() % (log.end_offset() + 1);
          auto pin = log_buffer::pin(kept.log);
          if (!pin.reaches(from)) {
            ++asking;
            while (!pin.reaches(from))
              std::this_thread::yield();
            --asking;
          }
          auto cursor = log.at(from);
          uint64_t expected = cursor.offset();
          // Later than asked for only by what retention has dropped.
          if (expected < from || (expected > from && expected > log.begin_offset())) all_fit = false;
          const auto end = log.end_offset();
          // Some stay until there is as much again, some only for a look.
          const auto until = random() % 4 == 0 ? std::min(end + 20'000, total) : end;
          while (expected < until) {
            const auto closed = log.closed();
            const auto slice = cursor.next(1 + random() % 40'000);
            if (slice.offset != expected || !fits(slice)) all_fit = false;
            expected += slice.bytes.size();
            if (slice.bytes.empty() && (closed || leave)) break;
            if (slice.bytes.empty()) std::this_thread::yield();
          }
          if (expected < end) all_fit = false;
          ++whole_reads[reader];
        }
      });
    }
    std::mt19937 random(9);
    auto serve = [&] {
      if (asking > 0) CHECK(kept.bring_back(70'000, random() % 2 == 0 ? 0 : random() % total));
    };
    for (uint64_t appends = 0; log.end_offset() < total; ++appends) {
      kept.append(std::min<uint64_t>(1 + random() % 2'000, total - log.end_offset()));
      log.let_go();
      serve();
      if (random() % 8 == 0) std::this_thread::yield();
      if (appends % 32 != 0) continue;
      leave = true;
      while (!log.let_go()) {
        serve();
        std::this_thread::yield();
      }
      leave = false;
    }
    log.close();
    has_ended = true;
    // Who comes last may still need something.
    std::atomic<bool> joined{false};
    std::thread joiner([&] {
      for (auto& reader : readers)
        reader.join();
      joined = true;
    });
    while (!joined) {
      serve();
      log.let_go();
      std::this_thread::yield();
    }
    joiner.join();
    CHECK(all_fit);
    for (const auto count : whole_reads)
      CHECK(count > 0);
  }
}
