#include "tests/actors/fakes.hpp"

#include <catch2/catch.hpp>

#include <fstream>

using namespace ib;
using namespace ib::test;

TEST_CASE("the keeper answers each question from its store", "[journal]") {
  house_fixture house;
  auto store = std::make_shared<moody_store>();
  auto board = std::make_shared<storage_board>();
  auto journal = house.keep(house.system().spawn(journal_keeper, std::shared_ptr<journal_store>(store), board,
                                                 retention_limits{}, std::make_shared<metrics>()));
  auto record = make_record("b1", "r/ws:1");
  auto created = house.ask<journal_kept>(journal, journal_create{record});
  auto again = house.ask<journal_kept>(journal, journal_create{make_record("b1", "r/ws:1")});
  house.run();
  auto advanced =
      house.ask<journal_kept>(journal, journal_advance{"b1", {build_state::building, 1, ""}, {}, {}});
  house.run();
  auto appended = house.ask<journal_kept>(journal, journal_append{"b1", "bytes", 0, 5});
  house.run();
  auto by_id = house.ask<journal_found>(journal, journal_find{"b1", ""});
  auto by_ref = house.ask<journal_found>(journal, journal_find{"", "r/ws:1"});
  auto by_both = house.ask<journal_found>(journal, journal_find{"b9", "r/ws:1"});
  auto list = house.ask<journal_unfinished>(journal, journal_list_unfinished{});
  auto page = house.ask<journal_listed>(journal, journal_list{});
  house.run();
  CHECK(created->answer->outcome);
  CHECK_FALSE(again->answer->outcome);
  CHECK(advanced->answer->outcome);
  CHECK(appended->answer->outcome);
  REQUIRE(by_id->answer->record);
  CHECK(by_id->answer->record->machine.state == build_state::building);
  CHECK(by_id->answer->record->raw_offset == 5);
  CHECK(by_ref->answer->record);
  CHECK_FALSE(by_both->answer->record);
  CHECK(list->answer->records->size() == 1);
  CHECK(page->answer->page->builds.size() == 1);
  CHECK(board->read()->trouble.empty());
  CHECK(board->read()->log_bytes == 5);
}

TEST_CASE("writes that wait together are committed together", "[journal]") {
  house_fixture house;
  auto store = std::make_shared<moody_store>();
  auto board = std::make_shared<storage_board>();
  auto journal = house.keep(house.system().spawn(journal_keeper, std::shared_ptr<journal_store>(store), board,
                                                 retention_limits{}, std::make_shared<metrics>()));
  house.run();
  auto before = board->read()->commits;
  std::vector<pending_ptr<journal_kept>> answers;
  for (int i = 0; i < 50; ++i)
    answers.push_back(house.ask<journal_kept>(
        journal, journal_create{make_record("b" + std::to_string(i), "r/ws:" + std::to_string(i))}));
  house.run();
  for (const auto& answer : answers)
    CHECK(answer->answer->outcome);
  CHECK(board->read()->commits - before < 10);
}

TEST_CASE("notes are committed with what somebody waits for, else a little later", "[journal]") {
  house_fixture house;
  auto store = std::make_shared<moody_store>();
  auto board = std::make_shared<storage_board>();
  auto journal = house.keep(house.system().spawn(journal_keeper, std::shared_ptr<journal_store>(store), board,
                                                 retention_limits{}, std::make_shared<metrics>()));
  house.run();
  auto created = house.ask<journal_kept>(journal, journal_create{make_record("b1", "r/ws:1")});
  house.run();
  REQUIRE(created->answer->outcome);
  auto commits = [&, before = board->read()->commits] { return board->read()->commits - before; };
  auto note = [&] {
    for (int i = 0; i < 50; ++i)
      house.tell(journal, journal_note_request{{"b1", 1'700'000'000'000, "somebody", true}});
  };
  note();
  CHECK(commits() == 0);
  SECTION("with the next write") {
    auto advanced =
        house.ask<journal_kept>(journal, journal_advance{"b1", {build_state::building, 1, ""}, {}, {}});
    house.run();
    CHECK(advanced->answer->outcome);
    CHECK(commits() == 1);
  }
  SECTION("and not for a reader, whom they are not told") {
    auto found = house.ask<journal_found>(journal, journal_find{"b1", ""});
    auto described = house.ask<journal_described>(journal, journal_describe{"b1"});
    house.run();
    CHECK(found->answer->record);
    CHECK(described->answer->build);
    CHECK(commits() == 0);
    house.advance(std::chrono::milliseconds(100));
  }
  SECTION("a little later") {
    house.advance(std::chrono::milliseconds(99));
    CHECK(commits() == 0);
    house.advance(std::chrono::milliseconds(1));
    CHECK(commits() == 1);
  }
  note();
  house.advance(std::chrono::seconds(1));
  CHECK(commits() == 2);
}

TEST_CASE("who waits for a commit that a crash prevents is told at once", "[journal]") {
  house_fixture house;
  auto store = std::make_shared<moody_store>();
  auto journal = house.keep(house.system().spawn(journal_keeper, std::shared_ptr<journal_store>(store),
                                                 std::make_shared<storage_board>(), retention_limits{},
                                                 std::make_shared<metrics>()));
  house.run();
  auto created = house.ask<journal_kept>(journal, journal_create{make_record("b1", "r/ws:1")});
  while (store->created.empty())
    REQUIRE(house.scheduler().try_run_once());
  actor_board_of(house.system())->probes("house/journal").front()->arm_throw(1, io::throw_moment::before);
  house.run();
  CHECK(created->failed);
}

TEST_CASE("the keeper tells the house how the storage fares", "[journal]") {
  house_fixture house;
  auto store = std::make_shared<moody_store>();
  auto board = std::make_shared<storage_board>();
  auto journal = house.keep(house.system().spawn(journal_keeper, std::shared_ptr<journal_store>(store), board,
                                                 retention_limits{}, std::make_shared<metrics>()));
  store->refusal = {error_code::unavailable, "no space left on device", "", {}};
  store->refuses_create = [](const auto&) { return true; };
  auto refused = house.ask<journal_kept>(journal, journal_create{make_record("b1", "r/ws:1")});
  house.run();
  CHECK_FALSE(refused->answer->outcome);
  store->refuses_create = [](const auto&) { return false; };
  auto kept = house.ask<journal_kept>(journal, journal_create{make_record("b2", "r/ws:2")});
  house.run();
  CHECK(kept->answer->outcome);
  CHECK(board->read()->trouble.empty());
}

TEST_CASE("a storage that works again is noticed without anybody writing", "[journal]") {
  house_fixture house;
  auto store = std::make_shared<moody_store>();
  auto health = std::make_shared<service_health>();
  auto board = std::make_shared<storage_board>(health);
  auto journal = house.keep(house.system().spawn(journal_keeper, std::shared_ptr<journal_store>(store), board,
                                                 retention_limits{}, std::make_shared<metrics>()));
  store->refusal = {error_code::unavailable, "no space left on device", "", {}};
  store->refuses_append = [](const auto&) { return true; };
  house.ask<journal_kept>(journal, journal_create{make_record("b1", "r/ws:1")});
  house.ask<journal_kept>(journal, journal_append{"b1", "bytes", 0, 5});
  house.run();
  CHECK(health->read()->count(health_names::storage) == 1);
  CHECK(board->read()->trouble == "no space left on device");
  store->refuses_append = [](const auto&) { return false; };
  house.advance(std::chrono::seconds(1));
  CHECK(health->is_ready());
  CHECK(board->read()->trouble.empty());
}

TEST_CASE("a storage that fails is not taken for mended because nobody writes", "[journal]") {
  house_fixture house;
  auto store = std::make_shared<moody_store>();
  auto health = std::make_shared<service_health>();
  auto board = std::make_shared<storage_board>(health);
  store->refusal = {error_code::unavailable, "no space left on device", "", {}};
  auto journal = house.keep(house.system().spawn(journal_keeper, std::shared_ptr<journal_store>(store), board,
                                                 retention_limits{}, std::make_shared<metrics>()));
  house.run();
  CHECK(health->is_ready());
  store->refuses_try_out = [] { return true; };
  store->refuses_append = [](const auto&) { return true; };
  house.ask<journal_kept>(journal, journal_append{"b1", "bytes", 0, 5});
  house.run();
  for (int second = 0; second < 10; ++second) {
    CHECK_FALSE(health->is_ready());
    house.advance(std::chrono::seconds(1));
  }
  store->refuses_try_out = [] { return false; };
  house.advance(std::chrono::seconds(1));
  CHECK(health->is_ready());
}

TEST_CASE("a storage that fails from the start is told before a build finds out", "[journal]") {
  house_fixture house;
  auto store = std::make_shared<moody_store>();
  auto health = std::make_shared<service_health>();
  store->refusal = {error_code::unavailable, "it is read-only", "", {}};
  store->refuses_try_out = [] { return true; };
  house.keep(house.system().spawn(journal_keeper, std::shared_ptr<journal_store>(store),
                                  std::make_shared<storage_board>(health), retention_limits{},
                                  std::make_shared<metrics>()));
  house.run();
  house.advance(std::chrono::seconds(1));
  CHECK_FALSE(health->is_ready());
}

TEST_CASE("a journal that cannot be opened is no better once it has refused a build", "[journal]") {
  temp_dir folder;
  std::filesystem::create_directories(folder.path() / "journal");
  std::ofstream(folder.path() / "journal/journal.sqlite") << std::string(4096, '?');
  house_fixture house;
  auto health = std::make_shared<service_health>();
  auto journal = house.keep(house.system().spawn(
      journal_keeper,
      std::shared_ptr<journal_store>(open_durable_store({folder.path() / "journal", 0, false})),
      std::make_shared<storage_board>(health), retention_limits{}, std::make_shared<metrics>()));
  house.run();
  CHECK_FALSE(health->is_ready());
  auto refused = house.ask<journal_kept>(journal, journal_create{make_record("b1", "r/ws:1")});
  house.run();
  REQUIRE(refused->answer);
  CHECK(refused->answer->outcome.error().code == error_code::unavailable);
  CHECK_FALSE(health->is_ready());
}
