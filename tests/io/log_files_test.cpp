#include "actors/io/log_files.hpp"

#include "tests/support/temp_dir.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <fstream>
#include <vector>

using namespace ib;
using namespace ib::io;
using namespace ib::test;

namespace fs = std::filesystem;

namespace {

constexpr const char* first_file = "00000000000000000000.log";

/// A log in a folder of its own, and what another process finds of it.
struct kept_log {
  temp_dir folder;
  fs::path place = folder.path() / "log";
  log_files files{place};

  std::string found(log_extent* extent = nullptr) const {
    std::string text;
    log_files another(place);
    auto opened = another.open([&](uint64_t offset, std::string_view piece) {
      CHECK(offset == text.size());
      text += piece;
    });
    REQUIRE(opened);
    if (extent != nullptr) *extent = *opened;
    return text;
  }
};

} // namespace

TEST_CASE("a log is found as it was written, however long its pieces are", "[log_files]") {
  kept_log log;
  CHECK(log.found().empty());
  std::string all;
  for (size_t length : {size_t{1}, size_t{0}, size_t{70'000}, size_t{3} << 20, size_t{5}}) {
    std::string piece(length, static_cast<char>('a' + all.size() % 26));
    all += piece;
    REQUIRE(log.files.append(piece, all.size(), 2));
  }
  log_extent extent;
  CHECK(log.found(&extent) == all);
  CHECK(extent.begin == 0);
  CHECK(extent.end == all.size());
  CHECK(extent.raw_offset == all.size());
  CHECK(extent.attempt == 2);
  CHECK(log.files.sync());
}

TEST_CASE("a log begins in a folder that was made ahead", "[log_files]") {
  kept_log log;
  log_files ahead(log.folder.path() / "ahead");
  REQUIRE(ahead.make());
  REQUIRE(ahead.make());
  CHECK(log.files.take_over(ahead));
  CHECK_FALSE(fs::exists(log.folder.path() / "ahead"));
  REQUIRE(log.files.append("text", 4, 1));
  CHECK(log.found() == "text");

  REQUIRE(ahead.make());
  CHECK_FALSE(log.files.take_over(ahead)); // there is a log
  CHECK(log.found() == "text");
  CHECK_FALSE(log_files(log.folder.path() / "other").take_over(log_files(log.folder.path() / "nothing")));
}

TEST_CASE("what was flushed is not flushed again, what came since then is", "[log_files]") {
  kept_log log;
  REQUIRE(log.files.append("one", 3, 1));
  REQUIRE(log.files.sync());
  auto gone = log.place;
  gone += "-gone";
  fs::rename(log.place, gone);
  fs::create_symlink(gone / first_file, log.place); // neither a folder nor missing
  CHECK(log.files.sync());
  fs::remove(log.place);
  fs::rename(gone, log.place);
  REQUIRE(log.files.append("two", 6, 1));
  fs::rename(log.place, gone);
  fs::create_symlink(gone / first_file, log.place);
  CHECK_FALSE(log.files.sync());
}

TEST_CASE("text in pieces is written as one that is not", "[log_files]") {
  kept_log log;
  shared_text text;
  std::string all;
  for (size_t length :
       {size_t{3}, size_t{100'000}, size_t{1} << 20, size_t{20}, size_t{700'000}, size_t{7}}) {
    std::string piece(length, static_cast<char>('a' + all.size() % 26));
    all += piece;
    text.add(piece);
  }
  REQUIRE(log.files.append(text, all.size(), 1));
  std::vector<size_t> records;
  std::string read;
  log_files another(log.place);
  auto extent = another.open([&](uint64_t, std::string_view record) {
    records.push_back(record.size());
    read += record;
  });
  REQUIRE(extent);
  CHECK((read == all));
  CHECK(records == std::vector<size_t>{1 << 20, all.size() - (1 << 20)});
  CHECK(extent->raw_offset == all.size());
  CHECK(log.files.extent().end == all.size());
}

TEST_CASE("a log that cannot be read is an error, not an empty log", "[log_files]") {
  kept_log log;
  SECTION("its file fails") {
    fs::create_directories(log.place / first_file); // reading a folder fails as a bad disk does
  }
  SECTION("its folder fails") { std::ofstream(log.place) << "no folder"; }
  log_files another(log.place);
  auto nothing = [](uint64_t, std::string_view) {};
  auto opened = another.open(nothing);
  REQUIRE_FALSE(opened);
  CHECK(opened.error().code == error_code::unavailable);
  CHECK(opened.error().message.find(log.place.string()) != std::string::npos);
  CHECK_FALSE(another.read(nothing));
}

TEST_CASE("a record that is broken amid a log takes what follows it along, and the log goes on there",
          "[log_files]") {
  kept_log log;
  REQUIRE(log.files.append("one ", 4, 1));
  auto sound = fs::file_size(log.place / first_file);
  std::string long_piece(log_files::file_bytes, 'x');
  REQUIRE(log.files.append(long_piece, 4 + long_piece.size(), 1)); // the next one begins a file
  REQUIRE(log.files.append("in the next file", 1, 1));
  REQUIRE(std::distance(fs::directory_iterator(log.place), {}) == 2);
  {
    std::fstream file(log.place / first_file, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(sound) + 100);
    file.put('!');
  }
  CHECK(log.found() == "one ");
  CHECK(std::distance(fs::directory_iterator(log.place), {}) == 1);
  log_files another(log.place);
  REQUIRE(another.open([](uint64_t, std::string_view) {}));
  REQUIRE(another.append("two", 7, 2));
  CHECK(log.found() == "one two");
}

TEST_CASE("reading a log that somebody else may write cuts nothing", "[log_files]") {
  kept_log log;
  REQUIRE(log.files.append("whole", 5, 1));
  std::ofstream(log.place / first_file, std::ios::app) << "half a rec";
  auto size = fs::file_size(log.place / first_file);
  std::string text;
  REQUIRE(log_files(log.place).read([&](uint64_t, std::string_view piece) { text += piece; }));
  CHECK(text == "whole");
  CHECK(fs::file_size(log.place / first_file) == size);
}

TEST_CASE("a log is read from an offset on without the files before it", "[log_files]") {
  kept_log log;
  std::string all;
  for (int i = 0; i < 14; ++i) {
    std::string piece(1 << 20, static_cast<char>('a' + i));
    all += piece;
    REQUIRE(log.files.append(piece, all.size(), 1));
  }
  for (uint64_t from : {uint64_t{0}, uint64_t{5}, log_files::file_bytes + (1 << 20), uint64_t{9'000'000},
                        uint64_t{all.size()}, uint64_t{all.size() + 1}}) {
    std::string text;
    uint64_t begin = all.size();
    auto extent = log.files.read(
        [&](uint64_t offset, std::string_view piece) {
          begin = std::min(begin, offset);
          text += piece;
        },
        from);
    REQUIRE(extent);
    CHECK(extent->begin == begin);
    CHECK(extent->end == all.size());
    CHECK(begin <= from);
    CHECK((from < log_files::file_bytes || begin > 0));
    CHECK((text == all.substr(begin)));
  }
}
