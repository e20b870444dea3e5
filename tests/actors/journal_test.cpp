// Long on purpose: the one store, every promise of its interface.
#include "actors/first_run.hpp"
#include "actors/io/sqlite.hpp"
#include "tests/actors/kept_store.hpp"

#include <catch2/catch.hpp>

#include <fstream>
#include <sys/stat.h>

using namespace ib;
using namespace ib::test;

namespace {

std::vector<std::string> ids(const build_page& page) {
  std::vector<std::string> list;
  for (const auto& build : page.builds)
    list.push_back(build.build_id);
  return list;
}

} // namespace

TEST_CASE("a store forgets finished builds beyond the count and never a running one", "[journal]") {
  kept_store kept;
  for (auto* id : {"b1", "b2", "b3", "b4"}) {
    REQUIRE(kept.create(make_record(id, std::string("r/ws:") + id)));
    if (std::string(id) != "b4") REQUIRE(kept.finish(id));
  }
  retention_limits limits;
  limits.finished_builds = 2;
  REQUIRE(kept.store->retain(limits));
  CHECK(kept.store->find("b1").error().code == error_code::not_found);
  CHECK_FALSE(std::filesystem::exists(kept.log_file("b1")));
  CHECK(kept.store->find_newest("r/ws:b1").error().code == error_code::not_found);
  CHECK(kept.store->find("b2"));
  CHECK(kept.store->find_newest("r/ws:b3")->plan->build_id == "b3");
  limits.finished_builds = 0;
  REQUIRE(kept.store->retain(limits));
  REQUIRE(kept.store->unfinished()->size() == 1);
  CHECK(kept.store->find("b4"));
  CHECK(ids(*kept.store->list({})) == std::vector<std::string>{"b4"});
}

TEST_CASE("a store forgets finished builds by the bytes of their logs and by age", "[journal]") {
  kept_store kept;
  for (auto* id : {"b1", "b2", "b3"}) {
    REQUIRE(kept.create(make_record(id, "r/ws:1")));
    REQUIRE(kept.append(id, std::string(1000, 'x'), 1000));
    REQUIRE(kept.finish(id));
  }
  retention_limits limits;
  limits.log_bytes = 2500;
  REQUIRE(kept.store->retain(limits));
  CHECK(ids(*kept.store->list({})) == std::vector<std::string>{"b3", "b2"});
  limits.log_bytes = 10;
  REQUIRE(kept.store->retain(limits));
  CHECK(ids(*kept.store->list({})) == std::vector<std::string>{"b3"});
  limits.age_ms = 1000; // the builds ended years ago
  REQUIRE(kept.store->retain(limits));
  CHECK(kept.store->list({})->builds.empty());
}

TEST_CASE("the newest build of a reference is found", "[journal]") {
  kept_store kept;
  REQUIRE(kept.create(make_record("old", "r/ws:1")));
  REQUIRE(kept.finish("old"));
  REQUIRE(kept.create(make_record("new", "r/ws:1")));
  CHECK(kept.store->find_newest("r/ws:1")->plan->build_id == "new");
  REQUIRE(kept.finish("new"));
  CHECK(kept.store->find_newest("r/ws:1")->plan->build_id == "new");
}

TEST_CASE("a second build under a known id is refused, the same again is not", "[journal]") {
  kept_store kept;
  auto record = make_record("b1", "r/ws:1");
  REQUIRE(kept.create(record));
  CHECK(kept.create(record));
  auto twice = kept.store->create(make_record("b1", "r/ws:2"));
  REQUIRE_FALSE(twice);
  CHECK(twice.error().code == error_code::failed_precondition);
  CHECK(kept.store->find("b1")->plan->workspace_ref == "r/ws:1");
  CHECK(kept.store->unfinished()->size() == 1);
}

TEST_CASE("a build whose first step is taken already is kept with it", "[journal]") {
  kept_store kept;
  auto record = make_record("b1", "r/ws:1");
  grant_first_run(record);
  REQUIRE(kept.create(record));
  CHECK(kept.create(record));
  auto steps = kept.store->describe("b1")->steps;
  REQUIRE(steps.size() == 1);
  CHECK(steps[0].message == "starting");
  CHECK(steps[0].attempt == 1);
  // The same step again, as after a lost answer.
  CHECK(kept.store->advance("b1", record.machine, {}, *record.channel->latest()));
  REQUIRE(kept.advance("b1", {build_state::publishing, 1, ""}, "publishing"));
  CHECK(kept.store->describe("b1")->steps.size() == 2);
  kept.reopen();
  auto found = kept.store->find("b1");
  CHECK(messages(*found->channel) == std::vector<std::string>{"starting", "publishing"});
  CHECK(found->machine.attempt == 1);
  CHECK(found->interrupted_attempt == 1);
  REQUIRE(kept.finish("b1"));
  CHECK(kept.store->describe("b1")->summary.machine.state == build_state::failed);
}

TEST_CASE("a folder that was made ahead is a new build's, and nobody's where there is none", "[journal]") {
  kept_store kept;
  auto spare = kept.log_file(".spare");
  CHECK(std::filesystem::exists(spare));
  REQUIRE(kept.create(make_record("b1", "r/ws:1")));
  CHECK_FALSE(std::filesystem::exists(spare));
  CHECK(std::filesystem::exists(kept.log_file("b1")));
  // Before there is another one.
  REQUIRE(kept.create(make_record("b2", "r/ws:2")));
  CHECK(std::filesystem::exists(kept.log_file("b2")));
  REQUIRE(kept.append("b1", "one", 3));
  CHECK(std::filesystem::exists(spare));
  // Somebody clears it away.
  std::filesystem::remove_all(spare.parent_path());
  REQUIRE(kept.create(make_record("b3", "r/ws:3")));
  REQUIRE(kept.append("b3", "three", 5));
  kept.reopen();
  CHECK(kept.log_of("b1") == "one");
  CHECK(kept.log_of("b3") == "three");
  CHECK(kept.store->unfinished()->size() == 3);
}

TEST_CASE("what was staged and not committed is not there", "[journal]") {
  kept_store kept;
  REQUIRE(kept.store->create(make_record("b1", "r/ws:1")));
  kept.store->discard();
  REQUIRE(kept.store->commit());
  CHECK(kept.store->unfinished()->empty());
  REQUIRE(kept.create(make_record("b1", "r/ws:1")));
  CHECK(kept.store->find("b1"));
}

TEST_CASE("an end closes the log, told twice it changes nothing", "[journal]") {
  kept_store kept;
  auto record = make_record("b1", "r/ws:1");
  REQUIRE(kept.create(record));
  REQUIRE(kept.append("b1", "bytes", 5));
  CHECK_FALSE(record.channel->log().closed());
  REQUIRE(kept.finish("b1"));
  CHECK(record.channel->log().closed());
  CHECK(kept.finish("b1"));
  CHECK(kept.store->describe("b1")->steps.size() == 1);
  CHECK_FALSE(kept.advance("b1", {build_state::building, 1, ""}));
}

TEST_CASE("log bytes go where the log ends, and nowhere else", "[journal]") {
  kept_store kept;
  auto record = make_record("b1", "r/ws:1");
  REQUIRE(kept.create(record));
  REQUIRE(kept.store->append_log("b1", "one", 0, 3));
  REQUIRE(kept.store->append_log("b1", "one", 0, 3)); // an answer got lost
  REQUIRE(kept.store->append_log("b1", "two", 3, 6));
  CHECK(kept.store->append_log("b1", "far", 9, 12).error().code == error_code::failed_precondition);
  CHECK(kept.store->append_log("b1", "twofar", 3, 12).error().code == error_code::failed_precondition);
  CHECK(log_text(*record.channel) == "onetwo");
}

TEST_CASE("a new attempt counts its output from the beginning", "[journal]") {
  kept_store kept;
  REQUIRE(kept.create(make_record("b1", "r/ws:1")));
  REQUIRE(kept.advance("b1", {build_state::building, 1, ""}));
  REQUIRE(kept.append("b1", "bytes", 5));
  CHECK(kept.store->find("b1")->raw_offset == 5);
  REQUIRE(kept.advance("b1", {build_state::pushing, 1, ""}));
  CHECK(kept.store->find("b1")->raw_offset == 5);
  REQUIRE(kept.advance("b1", {build_state::preparing, 2, ""}));
  CHECK(kept.store->find("b1")->raw_offset == 0);
}

TEST_CASE("an unknown build is not found by any verb", "[journal]") {
  kept_store kept;
  CHECK(kept.store->advance("b1", {}, {}, {}).error().code == error_code::not_found);
  CHECK(kept.store->append_log("b1", "x", 0, 1).error().code == error_code::not_found);
  CHECK(kept.store->find("b1").error().code == error_code::not_found);
  CHECK(kept.store->describe("b1").error().code == error_code::not_found);
  CHECK(kept.store->find_newest("r/ws:1").error().code == error_code::not_found);
}

TEST_CASE("another process finds a running build as it was", "[journal]") {
  kept_store kept;
  auto record = make_record("b1", "r/ws:1", {});
  auto plan = std::make_shared<build_plan>(*record.plan);
  plan->auth.additional["registry.example"] = "dXNlcjpzM2NyM3Q=";
  plan->owner_token = "the-owner-token";
  record.plan = plan;
  auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(5);
  REQUIRE(kept.create(record));
  REQUIRE(kept.store->note_answer("b1", "https://once.example", "user:pass"));
  REQUIRE(kept.advance("b1", {build_state::preparing, 1, ""}, "starting"));
  REQUIRE(kept.store->advance("b1", {build_state::building, 1, ""}, deadline, {}));
  REQUIRE(kept.store->commit());
  REQUIRE(kept.append("b1", "one\n", 4));
  REQUIRE(kept.append("b1", "two\n", 9));
  kept.reopen();
  auto list = kept.store->unfinished();
  REQUIRE(list);
  REQUIRE(list->size() == 1);
  const auto& found = list->front();
  CHECK(found.machine == machine_state{build_state::building, 1, ""});
  CHECK(found.interrupted_attempt == 1);
  CHECK(found.raw_offset == 9);
  CHECK(std::chrono::abs(*found.deadline - deadline) < std::chrono::seconds(1));
  CHECK(found.plan->auth.additional == plan->auth.additional);
  CHECK(found.plan->created_ms == plan->created_ms);
  CHECK(found.plan->one_time_answers->at("https://once.example") == "user:pass");
  CHECK(found.channel->identity().owner_token == "the-owner-token");
  CHECK(kept.log_of("b1") == "one\ntwo\n");
  CHECK(messages(*found.channel) == std::vector<std::string>{"starting"});
  REQUIRE(kept.append("b1", "three\n", 15));
  REQUIRE(kept.finish("b1"));
  kept.reopen();
  CHECK(kept.store->unfinished()->empty());
  auto ended = kept.store->find("b1");
  REQUIRE(ended);
  CHECK(ended->channel->log().closed());
  CHECK(log_text(*ended->channel) == "one\ntwo\nthree\n");
  CHECK(ended_as(*ended->channel, build_status::failure));
  CHECK(kept.store->find("b1")->channel == ended->channel);
}

TEST_CASE("where a log can be followed is as it is now, not as it was journaled", "[journal]") {
  kept_store kept;
  auto record = make_record("b1", "r/ws:1");
  auto plan = std::make_shared<build_plan>(*record.plan);
  plan->log_url = "http://127.0.0.1:1111/builds/b1";
  record.plan = plan;
  REQUIRE(kept.create(record));
  kept.reopen();
  CHECK(kept.store->unfinished()->front().channel->identity().log_url == plan->log_url);
  kept.log_url = [](const std::string& id) { return "https://elsewhere/" + id; };
  kept.reopen();
  CHECK(kept.store->unfinished()->front().channel->identity().log_url == "https://elsewhere/b1");
  REQUIRE(kept.finish("b1"));
  CHECK(kept.store->find("b1")->channel->identity().log_url == "https://elsewhere/b1");
}

TEST_CASE("once a build has ended its credentials are nowhere on the disk", "[journal]") {
  kept_store kept;
  auto record = make_record("b1", "r/ws:1");
  auto plan = std::make_shared<build_plan>(*record.plan);
  plan->auth.additional["registry.example"] = "c2VjcmV0LWluLXRoZS1hdXRo";
  dockerfile_source file;
  git_initializer git;
  git.remote_uri = "https://user:secret-in-the-url@example.com/repo.git";
  git.auth = {git_auth::kind::basic, "somebody", "secret-in-the-git-auth", ""};
  file.source.spec = git;
  plan->source = file;
  record.plan = plan;
  REQUIRE(kept.create(record));
  REQUIRE(kept.store->note_answer("b1", "https://once.example", "user:secret-in-the-answer"));
  REQUIRE(kept.store->commit());
  struct stat info {};
  REQUIRE(::stat((kept.folder.path() / "journal/journal.sqlite").c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
  REQUIRE(kept.finish("b1"));
  CHECK(kept.store->describe("b1")->summary.source == "https://example.com/repo.git, Dockerfile");
  kept.store.reset(); // the last one to close writes everything into one file
  for (const auto& entry : std::filesystem::recursive_directory_iterator(kept.folder.path())) {
    if (!entry.is_regular_file()) continue;
    std::ifstream in(entry.path(), std::ios::binary);
    std::string bytes(std::istreambuf_iterator<char>(in), {});
    INFO(entry.path());
    CHECK_FALSE(contains(bytes, "secret-in"));
    CHECK_FALSE(contains(bytes, "c2VjcmV0LWluLXRoZS1hdXRo"));
  }
}

TEST_CASE("a torn record is cut off, everything before it stays, and the log goes on there", "[journal]") {
  kept_store kept;
  REQUIRE(kept.create(make_record("b1", "r/ws:1")));
  REQUIRE(kept.advance("b1", {build_state::building, 1, ""}));
  REQUIRE(kept.append("b1", "one\n", 4));
  auto sound = std::filesystem::file_size(kept.log_file("b1"));
  REQUIRE(kept.append("b1", "two\n", 8));
  auto whole = std::filesystem::file_size(kept.log_file("b1"));
  for (auto size = sound; size < whole; ++size) {
    INFO("cut to " << size << " of " << whole);
    std::filesystem::resize_file(kept.log_file("b1"), size);
    kept.reopen();
    auto found = kept.store->find("b1");
    REQUIRE(found);
    CHECK(kept.log_of("b1") == "one\n");
    CHECK(found->raw_offset == 4);
    REQUIRE(kept.append("b1", "two\n", 8));
    CHECK(std::filesystem::file_size(kept.log_file("b1")) == whole);
  }
  std::fstream file(kept.log_file("b1"), std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(whole) - 2);
  file.put('X');
  file.close();
  kept.reopen();
  CHECK(kept.log_of("b1") == "one\n");
}

TEST_CASE("of a long log the beginning goes, on the disk and for another process", "[journal]") {
  kept_store kept(1 << 20);
  REQUIRE(kept.create(make_record("b1", "r/ws:1")));
  std::string piece(1 << 20, 'x');
  for (uint64_t i = 1; i <= 12; ++i)
    REQUIRE(kept.append("b1", piece, i * piece.size()));
  auto files = std::distance(std::filesystem::directory_iterator(kept.log_file("b1").parent_path()), {});
  CHECK(files == 1);
  kept.reopen();
  const auto& log = kept.store->find("b1")->channel->log();
  CHECK(log.end_offset() == 12 * piece.size());
  CHECK(log.begin_offset() >= 8 * piece.size());
  CHECK(log.end_offset() - log.begin_offset() >= piece.size());
}

TEST_CASE("builds are listed newest first, by page and by filter", "[journal]") {
  kept_store kept;
  for (int i = 1; i <= 7; ++i) {
    auto id = "b" + std::to_string(i);
    auto record = make_record(id, "r/ws:" + std::to_string(i % 2));
    auto plan = std::make_shared<build_plan>(*record.plan);
    plan->triggered_by = i <= 3 ? "alice" : "bob";
    plan->created_ms = 1000 * i;
    record.plan = plan;
    REQUIRE(kept.create(record));
  }
  REQUIRE(kept.finish("b5"));
  using list = std::vector<std::string>;
  build_filter filter;
  filter.limit = 3;
  auto first = kept.store->list(filter);
  CHECK(ids(*first) == list{"b7", "b6", "b5"});
  filter.after = first->next;
  auto second = kept.store->list(filter);
  CHECK(ids(*second) == list{"b4", "b3", "b2"});
  filter.after = second->next;
  auto third = kept.store->list(filter);
  CHECK(ids(*third) == list{"b1"});
  CHECK_FALSE(third->next);
  build_filter alice;
  alice.triggered_by = "alice";
  CHECK(ids(*kept.store->list(alice)) == list{"b3", "b2", "b1"});
  alice.reference = "r/ws:0";
  CHECK(ids(*kept.store->list(alice)) == list{"b2"});
  build_filter base;
  base.reference = "registry.example/base:1";
  CHECK(kept.store->list(base)->builds.size() == 7);
  build_filter failed;
  failed.states = {build_state::failed, build_state::succeeded};
  CHECK(ids(*kept.store->list(failed)) == list{"b5"});
  build_filter between;
  between.created_from_ms = 2000;
  between.created_before_ms = 4000;
  CHECK(ids(*kept.store->list(between)) == list{"b3", "b2"});
}

TEST_CASE("a build is described with its steps and why it failed", "[journal]") {
  kept_store kept;
  REQUIRE(kept.create(make_record("b1", "r/ws:1")));
  REQUIRE(kept.advance("b1", {build_state::preparing, 1, ""}, "starting"));
  machine_state end{build_state::failed, 1, "build failed: RUN make"};
  end.failure = build_failure{fault_class::user, {7, "RUN make", {"make: *** Error 1"}}};
  REQUIRE(kept.advance("b1", end, "build failed: RUN make"));
  auto build = kept.store->describe("b1");
  REQUIRE(build);
  CHECK(build->summary.machine == end);
  CHECK(build->summary.started_ms == build->steps[0].at_ms);
  CHECK(build->summary.ended_ms == build->steps[1].at_ms);
  REQUIRE(build->latest);
  CHECK(build->latest->message == "build failed: RUN make");
  REQUIRE(build->steps.size() == 2);
  CHECK(build->steps[0].message == "starting");
  CHECK(build->steps[1].status == build_status::failure);
  CHECK(build->steps[1].failure == end.failure);
}

TEST_CASE("a damaged journal refuses every verb, says where it is, and is left as it is", "[journal]") {
  kept_store kept;
  REQUIRE(kept.create(make_record("b1", "r/ws:1")));
  kept.store.reset();
  auto file = kept.folder.path() / "journal/journal.sqlite";
  std::string garbage(4096, '?');
  std::ofstream(file, std::ios::binary) << garbage;
  kept.reopen();
  auto refused = kept.store->create(make_record("b2", "r/ws:2"));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == error_code::unavailable);
  CHECK(contains(refused.error().message, (kept.folder.path() / "journal").string()));
  CHECK(contains(refused.error().message, "not a database"));
  CHECK_FALSE(kept.store->unfinished());
  CHECK_FALSE(kept.store->find("b1"));
  CHECK_FALSE(kept.store->list({}));
  CHECK(std::filesystem::file_size(file) == garbage.size());
}

TEST_CASE("a journal of a newer version is not touched", "[journal]") {
  kept_store kept;
  REQUIRE(kept.create(make_record("b1", "r/ws:1")));
  kept.store.reset();
  {
    auto database = io::sqlite_database::open(kept.folder.path() / "journal/journal.sqlite", false);
    REQUIRE(database);
    REQUIRE(database->execute("PRAGMA user_version = 999"));
  }
  kept.reopen();
  auto refused = kept.store->unfinished();
  REQUIRE_FALSE(refused);
  CHECK(contains(refused.error().message, "newer version"));
}

TEST_CASE("a log that cannot be read keeps the journal closed, and ends nothing", "[journal]") {
  kept_store kept;
  REQUIRE(kept.create(make_record("b1", "r/ws:1")));
  REQUIRE(kept.append("b1", "sent to somebody", 16));
  kept.store.reset();
  auto aside = kept.folder.path() / "aside.log";
  std::filesystem::rename(kept.log_file("b1"), aside);
  std::filesystem::create_directory(kept.log_file("b1")); // reading a folder fails as a bad disk does
  kept.reopen();
  auto refused = kept.store->unfinished();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == error_code::unavailable);
  CHECK(contains(refused.error().message, "logs/b1"));
  CHECK_FALSE(kept.create(make_record("b2", "r/ws:2")));
  std::filesystem::remove(kept.log_file("b1"));
  std::filesystem::rename(aside, kept.log_file("b1"));
  // Mended under the running service.
  auto list = kept.store->unfinished();
  REQUIRE(list);
  CHECK(kept.log_of("b1") == "sent to somebody");
}

TEST_CASE("the same step that is told twice before it is kept is one step", "[journal]") {
  kept_store kept;
  REQUIRE(kept.create(make_record("b1", "r/ws:1")));
  status_update step{build_status::running, "starting"};
  step.at_ms = 1'700'000'000'000;
  step.is_step = true;
  machine_state machine{build_state::preparing, 1, ""};
  REQUIRE(kept.store->advance("b1", machine, {}, step));
  REQUIRE(kept.store->advance("b1", machine, {}, step)); // a slow journal took long to answer
  REQUIRE(kept.store->commit());
  CHECK(kept.store->describe("b1")->steps.size() == 1);
  // Other words at the same moment are another step.
  step.message = "cloning";
  REQUIRE(kept.store->advance("b1", machine, {}, step));
  REQUIRE(kept.store->commit());
  CHECK(kept.store->describe("b1")->steps.size() == 2);
}

TEST_CASE("the answer of a one-time URL that comes after the end of its build is not kept", "[journal]") {
  kept_store kept;
  REQUIRE(kept.create(make_record("b1", "r/ws:1")));
  REQUIRE(kept.create(make_record("b2", "r/ws:2")));
  REQUIRE(kept.finish("b1"));
  REQUIRE(kept.store->note_answer("b1", "https://once.example", "user:too-late-one"));
  // In one batch with the end.
  status_update step{build_status::failure, "no"};
  step.at_ms = ++kept.now_ms;
  step.is_step = true;
  REQUIRE(kept.store->advance("b2", {build_state::failed, 1, "no"}, {}, step));
  REQUIRE(kept.store->note_answer("b2", "https://once.example", "user:too-late-two"));
  REQUIRE(kept.store->commit());
  kept.store.reset();
  for (const auto& entry : std::filesystem::recursive_directory_iterator(kept.folder.path())) {
    if (!entry.is_regular_file()) continue;
    std::ifstream in(entry.path(), std::ios::binary);
    std::string bytes(std::istreambuf_iterator<char>(in), {});
    INFO(entry.path());
    CHECK_FALSE(contains(bytes, "too-late"));
  }
}

TEST_CASE("a storage that is tried out is left as it was", "[journal]") {
  kept_store kept;
  REQUIRE(kept.create(make_record("b1", "r/ws:1")));
  REQUIRE(kept.store->try_out());
  auto logs = kept.log_file("b1").parent_path().parent_path();
  CHECK(std::distance(std::filesystem::directory_iterator(logs), {}) == 1);
  // No room for a log although the database could be written.
  std::ofstream(logs / ".trial") << "in the way";
  auto failed = kept.store->try_out();
  REQUIRE_FALSE(failed);
  CHECK(failed.error().code == error_code::unavailable);
  CHECK(contains(failed.error().message, "nothing new is started"));
}

TEST_CASE("a log that has lost its end since its build ended says so to its readers", "[journal]") {
  kept_store kept;
  REQUIRE(kept.create(make_record("b1", "r/ws:1")));
  REQUIRE(kept.append("b1", "one\n", 4));
  auto sound = std::filesystem::file_size(kept.log_file("b1"));
  REQUIRE(kept.append("b1", "two\n", 8));
  REQUIRE(kept.finish("b1"));
  kept.reopen();
  CHECK(kept.log_of("b1") == "one\ntwo\n");
  std::filesystem::resize_file(kept.log_file("b1"), sound);
  CHECK(kept.log_of("b1") ==
        "one\n\n[image-builder: the last 4 bytes of this log cannot be read any more]\n");
  std::filesystem::remove_all(kept.log_file("b1").parent_path());
  CHECK(kept.log_of("b1") == "\n[image-builder: the last 8 bytes of this log cannot be read any more]\n");
}
