#include "actors/journal_keeper.hpp"

#include "tests/actors/fakes.hpp"

#include <catch2/catch.hpp>

using namespace ib;
using namespace ib::test;

namespace {

void finish(journal_store& store, const std::string& id) {
  REQUIRE(store.advance(id, {build_state::failed, 1, "no"}, {}));
}

} // namespace

TEST_CASE("the store keeps the newest finished builds and forgets the oldest", "[journal]") {
  auto store = make_memory_store(2);
  for (auto* id : {"b1", "b2", "b3", "b4"}) {
    REQUIRE(store->create(make_record(id, std::string("r/ws:") + id)));
    if (std::string(id) != "b4") finish(*store, id);
  }
  CHECK(store->find("b1").error().code == error_code::not_found);
  CHECK(store->find_newest("r/ws:b1").error().code == error_code::not_found);
  CHECK(store->find("b2"));
  CHECK(store->find("b3"));
  CHECK(store->find_newest("r/ws:b3")->plan->build_id == "b3");
  REQUIRE(store->unfinished().size() == 1);
  CHECK(store->unfinished()[0].plan->build_id == "b4");
}

TEST_CASE("a store that keeps no finished build forgets each at its end", "[journal]") {
  auto store = make_memory_store(0);
  REQUIRE(store->create(make_record("b1", "r/ws:1")));
  finish(*store, "b1");
  CHECK_FALSE(store->find("b1"));
  CHECK_FALSE(store->find_newest("r/ws:1"));
  CHECK(store->unfinished().empty());
}

TEST_CASE("the newest build of a reference is found, and stays so when an older one is forgotten",
          "[journal]") {
  auto store = make_memory_store(1);
  REQUIRE(store->create(make_record("old", "r/ws:1")));
  finish(*store, "old");
  REQUIRE(store->create(make_record("new", "r/ws:1")));
  CHECK(store->find_newest("r/ws:1")->plan->build_id == "new");
  finish(*store, "new");
  CHECK_FALSE(store->find("old"));
  CHECK(store->find_newest("r/ws:1")->plan->build_id == "new");
}

TEST_CASE("a second build under a known id is refused and changes nothing", "[journal]") {
  auto store = make_memory_store(10);
  REQUIRE(store->create(make_record("b1", "r/ws:1")));
  REQUIRE(store->create(make_record("b2", "r/ws:2")));
  auto twice = store->create(make_record("b1", "r/ws:2"));
  REQUIRE_FALSE(twice);
  CHECK(twice.error().code == error_code::failed_precondition);
  CHECK(store->find("b1")->plan->workspace_ref == "r/ws:1");
  CHECK(store->find_newest("r/ws:2")->plan->build_id == "b2");
  CHECK(store->unfinished().size() == 2);
}

TEST_CASE("an end closes the log, a second end changes nothing", "[journal]") {
  auto store = make_memory_store(1);
  auto record = make_record("b1", "r/ws:1");
  REQUIRE(store->create(record));
  REQUIRE(store->append_log("b1", "bytes", 5));
  CHECK_FALSE(record.channel->log().closed());
  finish(*store, "b1");
  CHECK(record.channel->log().closed());
  finish(*store, "b1");
  CHECK(store->find("b1"));
  CHECK(log_text(*record.channel) == "bytes");
}

TEST_CASE("a new attempt counts its output from the beginning", "[journal]") {
  auto store = make_memory_store(1);
  REQUIRE(store->create(make_record("b1", "r/ws:1")));
  REQUIRE(store->advance("b1", {build_state::building, 1, ""}, {}));
  REQUIRE(store->append_log("b1", "bytes", 5));
  CHECK(store->find("b1")->raw_offset == 5);
  REQUIRE(store->advance("b1", {build_state::pushing, 1, ""}, {}));
  CHECK(store->find("b1")->raw_offset == 5);
  REQUIRE(store->advance("b1", {build_state::preparing, 2, ""}, {}));
  CHECK(store->find("b1")->raw_offset == 0);
}

TEST_CASE("an unknown build is not found by any verb", "[journal]") {
  auto store = make_memory_store(1);
  CHECK(store->advance("b1", {}, {}).error().code == error_code::not_found);
  CHECK(store->append_log("b1", "x", 1).error().code == error_code::not_found);
  CHECK(store->find("b1").error().code == error_code::not_found);
  CHECK(store->find_newest("r/ws:1").error().code == error_code::not_found);
}

TEST_CASE("the keeper answers each question from its store", "[journal]") {
  house_fixture house;
  auto journal =
      house.keep(house.system().spawn(journal_keeper, std::shared_ptr<journal_store>(make_memory_store(10))));
  auto record = make_record("b1", "r/ws:1");
  auto created = house.ask<journal_kept>(journal, journal_create{record});
  auto again = house.ask<journal_kept>(journal, journal_create{record});
  auto advanced = house.ask<journal_kept>(journal, journal_advance{"b1", {build_state::building, 1, ""}, {}});
  auto appended = house.ask<journal_kept>(journal, journal_append{"b1", "bytes", 5});
  auto by_id = house.ask<journal_found>(journal, journal_find{"b1", ""});
  auto by_ref = house.ask<journal_found>(journal, journal_find{"", "r/ws:1"});
  auto by_both = house.ask<journal_found>(journal, journal_find{"b9", "r/ws:1"});
  auto list = house.ask<journal_unfinished>(journal, journal_list_unfinished{});
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
  CHECK(list->answer->records.size() == 1);
}
