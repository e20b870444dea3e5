#include "actors/io/sqlite.hpp"

#include "tests/support/temp_dir.hpp"

#include <catch2/catch.hpp>

using namespace ib;
using namespace ib::io;
using namespace ib::test;

namespace {

constexpr const char* const first_schema[] = {"CREATE TABLE things (name TEXT);"};
constexpr const char* const second_schema[] = {
    "CREATE TABLE things (name TEXT);",
    "ALTER TABLE things ADD COLUMN weight INTEGER NOT NULL DEFAULT 7;",
    "CREATE TABLE others (name TEXT);",
};
constexpr const char* const broken_schema[] = {
    "CREATE TABLE things (name TEXT);",
    "ALTER TABLE things ADD COLUMN weight INTEGER; ALTER TABLE nothing ADD COLUMN more INTEGER;",
};

sqlite_database open_in(const temp_dir& folder) {
  auto database = sqlite_database::open(folder.path() / "some.sqlite", false);
  REQUIRE(database);
  return std::move(*database);
}

int64_t version_of(sqlite_database& database) {
  auto query = database.prepare("PRAGMA user_version");
  REQUIRE(query);
  REQUIRE(*query->step());
  return query->integer(0);
}

} // namespace

TEST_CASE("a schema is brought up step by step, and what is in it stays", "[sqlite]") {
  temp_dir folder;
  {
    auto database = open_in(folder);
    REQUIRE(database.migrate(first_schema));
    REQUIRE(database.execute("INSERT INTO things VALUES ('old')"));
    CHECK(version_of(database) == 1);
  }
  auto database = open_in(folder);
  REQUIRE(database.migrate(second_schema));
  CHECK(version_of(database) == 3);
  auto query = database.prepare("SELECT name, weight FROM things");
  REQUIRE(query);
  REQUIRE(*query->step());
  CHECK(query->text(0) == "old");
  CHECK(query->integer(1) == 7);
  CHECK(database.execute("INSERT INTO others VALUES ('new')"));
  REQUIRE(database.migrate(second_schema)); // nothing is left to do
  CHECK(version_of(database) == 3);
}

TEST_CASE("a step of a schema that fails leaves everything as it was", "[sqlite]") {
  temp_dir folder;
  auto database = open_in(folder);
  REQUIRE(database.migrate(first_schema));
  auto failed = database.migrate(broken_schema);
  REQUIRE_FALSE(failed);
  CHECK(failed.error().code == error_code::unavailable);
  CHECK(version_of(database) == 1);
  CHECK_FALSE(database.prepare("SELECT weight FROM things"));
  CHECK(database.execute("INSERT INTO things VALUES ('still works')"));
}

TEST_CASE("a schema of a newer program is told apart from a failure", "[sqlite]") {
  temp_dir folder;
  auto database = open_in(folder);
  REQUIRE(database.migrate(second_schema));
  auto older = database.migrate(first_schema);
  REQUIRE_FALSE(older);
  CHECK(older.error().code == error_code::failed_precondition);
  CHECK(version_of(database) == 3);
}

TEST_CASE("a statement that was used before begins anew, without its values", "[sqlite]") {
  temp_dir folder;
  auto database = open_in(folder);
  REQUIRE(database.migrate(first_schema));
  constexpr auto insert = "INSERT INTO things VALUES (?)";
  for (auto name : {"one", "two", "three"}) {
    auto statement = database.prepare(insert);
    REQUIRE(statement);
    REQUIRE(statement->bind(name).run());
  }
  auto nameless = database.prepare(insert);
  REQUIRE(nameless->run());
  constexpr auto all = "SELECT name FROM things ORDER BY rowid";
  {
    auto left_midway = database.prepare(all);
    REQUIRE(*left_midway->step());
  }
  auto outer = database.prepare(all);
  REQUIRE(*outer->step());
  CHECK(outer->text(0) == "one");
  // The same text twice at a time: each has a place of its own.
  auto inner = database.prepare(all);
  for (auto name : {"one", "two", "three"}) {
    REQUIRE(*inner->step());
    CHECK(inner->text(0) == name);
  }
  REQUIRE(*inner->step());
  CHECK(inner->is_null(0));
  CHECK_FALSE(*inner->step());
  REQUIRE(*outer->step());
  CHECK(outer->text(0) == "two");
}
