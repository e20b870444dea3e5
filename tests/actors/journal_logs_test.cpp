#include "tests/actors/kept_store.hpp"

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>

using namespace ib;
using namespace ib::test;

namespace {

uint64_t in_memory(const build_record& build) {
  const auto& log = build.channel->log();
  return log.end_offset() - log.memory_begin();
}

/// Lines that tell which they are.
std::string lines(int from, int to) {
  std::string text;
  for (int i = from; i < to; ++i)
    text += "line " + std::to_string(i) + "\n";
  return text;
}

/// A store with a build "b1", whose long log nobody reads.
struct unread_log : kept_store {
  explicit unread_log(uint64_t log_bytes_per_build = 0) : kept_store(log_bytes_per_build) {
    REQUIRE(create(build));
    REQUIRE(append("b1", text, 1));
  }

  build_record build = make_record("b1", "r/ws:1");
  std::string text = lines(0, 2000);
};

} // namespace

TEST_CASE("a log that nobody reads is not in memory, and its readers get all of it", "[journal]") {
  unread_log kept;
  CHECK(in_memory(kept.build) == 0);
  CHECK(kept.log_of("b1") == kept.text);
  // The reader is gone again.
  REQUIRE(kept.append("b1", "more\n", 2));
  CHECK(in_memory(kept.build) == 0);
  CHECK(kept.log_of("b1") == kept.text + "more\n");
}

TEST_CASE("a log stays in memory while somebody reads it, and is read from the disk once", "[journal]") {
  unread_log kept;
  auto first = kept.store->read_log(kept.build, 0);
  REQUIRE(first);
  auto cursor = kept.build.channel->log().at(0);
  std::filesystem::remove_all(kept.log_file("b1").parent_path());
  auto second = kept.store->read_log(kept.build, 0);
  REQUIRE(second);
  CHECK(second->reaches(0));
  std::filesystem::create_directories(kept.log_file("b1").parent_path());
  REQUIRE(kept.append("b1", kept.text, 2));
  CHECK(in_memory(kept.build) == 2 * kept.text.size());
  CHECK(kept.store->let_logs_go());
  CHECK(log_text(*kept.build.channel) == kept.text + kept.text);
}

TEST_CASE("of a long log that is read from the middle on the rest stays on the disk", "[journal]") {
  unread_log kept;
  std::string all = kept.text;
  for (uint64_t i = 2; all.size() < 13'000'000; ++i) {
    auto piece = lines(0, 50'000);
    REQUIRE(kept.append("b1", piece, i));
    all += piece;
  }
  for (uint64_t offset :
       {all.size(), all.size() - 1, all.size() - 1'000'000, size_t{5'000'000}, size_t{100}}) {
    CHECK((kept.log_of("b1", offset) == all.substr(offset)));
    CHECK(in_memory(kept.build) == all.size() - offset);
    CHECK(kept.build.channel->log().begin_offset() == 0);
  }
  // Beyond the end there is nothing; who asks for it is told so by others.
  CHECK(kept.store->read_log(kept.build, all.size() + 1));
}

TEST_CASE("a short log is in memory until it is silent", "[journal]") {
  kept_store kept;
  auto build = make_record("b1", "r/ws:1");
  REQUIRE(kept.create(build));
  REQUIRE(kept.append("b1", "one\n", 4));
  CHECK(in_memory(build) == 4);
  CHECK_FALSE(kept.store->let_logs_go());
  CHECK(in_memory(build) == 0);
  CHECK(kept.log_of("b1") == "one\n");
}

TEST_CASE("what a storage refuses is in no log, in memory or not", "[journal]") {
  unread_log kept;
  auto folder = kept.log_file("b1").parent_path();
  auto aside = folder.parent_path() / "aside";
  std::filesystem::rename(folder, aside);
  CHECK_FALSE(kept.append("b1", "lost\n", 2));
  std::filesystem::rename(aside, folder);
  CHECK(kept.log_of("b1") == kept.text);
  REQUIRE(kept.append("b1", "kept\n", 2));
  CHECK(kept.log_of("b1") == kept.text + "kept\n");
}

TEST_CASE("a log that cannot be brought back is unavailable, and all the rest goes on", "[journal]") {
  unread_log kept;
  auto folder = kept.log_file("b1").parent_path();
  auto aside = folder.parent_path() / "aside";
  std::filesystem::rename(folder, aside);
  auto refused = kept.store->read_log(kept.build, 0);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == error_code::unavailable);
  CHECK(contains(refused.error().message, "the log of build b1 cannot be read"));
  std::filesystem::rename(aside, folder);
  REQUIRE(kept.append("b1", "more\n", 2));
  CHECK(kept.log_of("b1") == kept.text + "more\n");
  // A byte that is not what was written: what follows could be anything.
  std::fstream file(kept.log_file("b1"), std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(100);
  file.put('X');
  file.close();
  REQUIRE(kept.append("b1", "more\n", 3));
  REQUIRE_FALSE(kept.store->let_logs_go());
  refused = kept.store->read_log(kept.build, 0);
  REQUIRE_FALSE(refused);
  CHECK(contains(refused.error().message, "damaged"));
  CHECK(kept.finish("b1"));
}

TEST_CASE("a log that was not in memory when its build ended is whole for those who read it then",
          "[journal]") {
  unread_log kept;
  REQUIRE(kept.finish("b1"));
  CHECK(kept.build.channel->log().closed());
  CHECK(in_memory(kept.build) == 0);
  CHECK(kept.store->find("b1")->channel == kept.build.channel);
  CHECK(kept.log_of("b1") == kept.text);
  kept.build.channel.reset();
  CHECK(kept.log_of("b1") == kept.text);
}

TEST_CASE("another process takes no log of a running build into memory before somebody reads it",
          "[journal]") {
  unread_log kept;
  kept.reopen();
  auto build = *kept.store->find("b1");
  CHECK(in_memory(build) == 0);
  CHECK(build.channel->log().end_offset() == kept.text.size());
  CHECK(build.raw_offset == 1);
  REQUIRE(kept.append("b1", "more\n", 2));
  CHECK(kept.log_of("b1") == kept.text + "more\n");
}

TEST_CASE("of a long log that nobody reads the beginning goes, too", "[journal]") {
  constexpr uint64_t retention = 1 << 20;
  kept_store kept(retention);
  auto build = make_record("b1", "r/ws:1");
  build.channel = std::make_shared<build_channel>(build.plan, retention);
  REQUIRE(kept.create(build));
  std::string text;
  for (int i = 0; i < 300; ++i) {
    auto piece = lines(i * 10'000, (i + 1) * 10'000);
    REQUIRE(kept.append("b1", piece, static_cast<uint64_t>(i)));
    text += piece;
  }
  CHECK(in_memory(build) == 0);
  auto begin = build.channel->log().begin_offset();
  CHECK(text.size() - begin >= retention);
  CHECK(text.size() - begin < retention + log_buffer::max_block_bytes);
  CHECK(kept.log_of("b1") == text.substr(begin));
  CHECK(build.channel->log().begin_offset() == begin);
  // For another process the same, as far as files go.
  kept.reopen();
  auto again = *kept.store->find("b1");
  CHECK(text.size() - again.channel->log().begin_offset() >= retention);
  CHECK(kept.log_of("b1") == text.substr(again.channel->log().begin_offset()));
}

TEST_CASE("the keeper pins a log before it answers, and lets it go after a while", "[journal]") {
  house_fixture house;
  auto store = std::make_shared<moody_store>();
  auto journal = house.keep(spawn_journal(house.system(), store));
  auto build = make_record("b1", "r/ws:1");
  auto text = lines(0, 2000);
  auto created = house.ask<journal_kept>(journal, journal_create{build});
  house.run();
  auto appended = house.ask<journal_kept>(journal, journal_append{"b1", text, 0, 1});
  house.run();
  REQUIRE(appended->answer->outcome);
  CHECK(in_memory(build) == 0);
  auto looked = house.ask<journal_found>(journal, journal_find{"b1", ""});
  house.run();
  CHECK(looked->answer->record);
  CHECK_FALSE(looked->answer->log);
  CHECK(in_memory(build) == 0);
  auto read = house.ask<journal_found>(journal, journal_find{"", "r/ws:1", 0});
  appended = house.ask<journal_kept>(journal, journal_append{"b1", "more\n", text.size(), 2});
  house.run();
  REQUIRE(read->answer->record);
  CHECK(read->answer->log.reaches(0));
  CHECK(log_text(*build.channel) == text + "more\n");
  house.advance(std::chrono::seconds(2));
  CHECK(in_memory(build) == text.size() + 5);
  read->answer.reset();
  house.advance(std::chrono::seconds(2));
  CHECK(in_memory(build) == 0);
  store->refuses_read_log = [] { return true; };
  store->refusal = {error_code::unavailable, "the disk is away", "", {}};
  auto refused = house.ask<journal_found>(journal, journal_find{"b1", "", 0});
  house.run();
  CHECK(refused->answer->record.error().message == "the disk is away");
}

TEST_CASE("a log that was read leaves memory at the latest when others are read", "[journal]") {
  unread_log kept;
  std::map<std::string, build_record> others;
  for (auto* id : {"b2", "b3", "b4"}) {
    auto made = others.emplace(id, make_record(id, std::string("r/ws:") + id)).first;
    REQUIRE(kept.create(made->second));
    REQUIRE(kept.append(id, kept.text, 1));
  }
  CHECK(kept.log_of("b1") == kept.text);
  auto reader = kept.store->read_log(others.at("b2"), 0);
  REQUIRE(reader);
  CHECK(kept.log_of("b3") == kept.text);
  CHECK(in_memory(kept.build) == 0);
  CHECK(kept.log_of("b4") == kept.text);
  CHECK(kept.log_of("b1") == kept.text);
  CHECK(in_memory(others.at("b3")) == 0);
  // Nobody loses what is being read.
  CHECK(in_memory(others.at("b2")) == kept.text.size());
}
