// Long on purpose: one table of decisions with what it needs.
#include "actors/build_intake.hpp"

#include "actors/domain/image_hash.hpp"
#include "actors/domain/redactor.hpp"
#include "tests/actors/fakes.hpp"

#include <catch2/catch.hpp>

using namespace ib;
using namespace ib::test;
using namespace std::chrono_literals;

namespace {

using strings = std::vector<std::string>;

const std::string base_repository = "registry.example/base";
const std::string workspace_repository = "registry.example/workspace";
const std::string digest = "@sha256:" + std::string(64, 'b');
const std::string own_base = "images.example/own" + digest;
const std::string resolved_base = "images.example/resolved" + digest;

std::string workspace_of(const std::string& base) { return workspace_reference(workspace_repository, base); }

/// Writes down what it is told.
struct noted_answer final : build_answer {
  explicit noted_answer(std::shared_ptr<strings> to) : notes(std::move(to)) {}
  void exists(std::string ref, std::string base) override { notes->push_back("exists " + ref + " " + base); }
  void follow(channel_ptr channel, bool joined) override {
    notes->push_back((joined ? "join " : "follow ") + channel->identity().build_id);
  }
  void missing(std::string ref, std::string base) override {
    notes->push_back("missing " + ref + " " + base);
  }
  void refuse(error why) override {
    notes->push_back(std::string("refuse ") + to_string(why.code) + ": " + why.message);
  }
  std::shared_ptr<strings> notes;
};

/// What registries hold, and how they fail where an entry says so.
struct registry_world {
  std::map<std::string, result<std::string>> images; ///< reference -> digest form
  strings asked;

  image_answer answer(const std::string& verb, const reference& ref) {
    asked.push_back(verb + " " + ref.to_string());
    auto found = images.find(ref.to_string());
    if (found == images.end()) return {error{error_code::not_found, "cannot resolve image", "", {}}};
    if (!found->second) return {found->second.error()};
    return {io::found_image{*parse_reference(*found->second), ""}};
  }
};

struct front_door : house_fixture {
  front_door() {
    settings = {base_repository, workspace_repository, board, {}};
    add(own_base);
    put(names::resolver,
        system().spawn(
            [](resolver_actor::pointer,
               std::shared_ptr<registry_world> world) -> resolver_actor::behavior_type {
              return {[world](const resolve_image& m) { return world->answer("resolve", m.lookup.ref); },
                      [world](const find_image& m) { return world->answer("find", m.lookup.ref); }};
            },
            world));
    put(names::director,
        system().spawn(
            [](director_actor::pointer, std::shared_ptr<std::vector<admit_build>> wishes,
               std::shared_ptr<result<channel_ptr>> verdict) -> director_actor::behavior_type {
              return {[wishes, verdict](const admit_build& wish) {
                        wishes->push_back(wish);
                        return build_admitted{*verdict, false};
                      },
                      [](const joins_noted&) {},
                      [](const build_ready&) {},
                      [](const build_ended&) {},
                      [](const cancel_build&) { return cancel_answer{result<void>{}}; },
                      [](const adopt_build&) {}};
            },
            wishes, verdict));
    request.source = reference_source{own_base};
  }
  void let_run(const std::string& workspace_ref) {
    running_builds now;
    now.add(make_record("running", workspace_ref).channel);
    board->publish(now);
  }
  void add(const std::string& ref) { world->images.insert_or_assign(ref, ref); }
  void fail(const std::string& ref, error_code code, const std::string& message) {
    world->images.insert_or_assign(ref, error{code, message, "", {}});
  }
  /// The one answer.
  std::string decide(bool inquiry = false) {
    auto notes = std::make_shared<strings>();
    system().spawn(build_intake, request,
                   std::shared_ptr<build_answer>(std::make_shared<noted_answer>(notes)), settings, inquiry);
    run();
    REQUIRE(notes->size() == 1);
    return notes->front();
  }
  const build_plan& plan() {
    REQUIRE(wishes->size() == 1);
    return *wishes->front().plan;
  }

  std::shared_ptr<registry_world> world = std::make_shared<registry_world>();
  std::shared_ptr<std::vector<admit_build>> wishes = std::make_shared<std::vector<admit_build>>();
  std::shared_ptr<result<channel_ptr>> verdict =
      std::make_shared<result<channel_ptr>>(make_record("admitted", "r/ws:1").channel);
  std::shared_ptr<running_builds_board> board = std::make_shared<running_builds_board>();
  intake_settings settings;
  build_request request;
};

/// One way through the order of decisions (api.md, "Build").
struct decision {
  std::string name;
  std::function<void(front_door&)> given;
  std::string answer;
  strings asked;
  size_t admissions = 0;
};

std::vector<decision> decisions() {
  const auto own_ws = workspace_of(own_base);
  const auto resolved_ws = workspace_of(resolved_base);
  const auto with_base = [](front_door& door) { door.request.base_image_name_resolved = resolved_base; };
  return {
      {"without a source it is refused",
       [](auto& door) { door.request.source.reset(); },
       "refuse invalid_argument: build source is missing",
       {},
       0},
      {"a source that does not parse is refused",
       [](auto& door) { door.request.source = reference_source{"UPPER CASE"}; },
       "refuse invalid_argument: *",
       {},
       0},
      {"a resolved base that does not parse is refused",
       [](auto& door) { door.request.base_image_name_resolved = "UPPER CASE"; },
       "refuse invalid_argument: base_image_name_resolved: *",
       {},
       0},
      {"the workspace image of the resolved base exists",
       [=](auto& door) {
         with_base(door);
         door.add(resolved_ws);
       },
       "exists " + resolved_ws + " " + resolved_base,
       {"find " + resolved_ws},
       0},
      {"only the resolved base exists: it is built from",
       [=](auto& door) {
         with_base(door);
         door.add(resolved_base);
       },
       "follow admitted",
       {"find " + resolved_ws, "resolve " + resolved_base, "find " + resolved_ws},
       1},
      {"the resolved base is gone: the own source serves",
       with_base,
       "follow admitted",
       {"find " + resolved_ws, "resolve " + resolved_base, "resolve " + own_base, "find " + own_ws},
       1},
      {"the resolved base is gone and the own source cannot serve either",
       [=](auto& door) {
         with_base(door);
         door.world->images.erase(own_base);
       },
       "refuse not_found: cannot resolve image; base image does not exist: " + resolved_base,
       {"find " + resolved_ws, "resolve " + resolved_base, "resolve " + own_base},
       0},
      {"the resolved base is merely unreachable",
       [=](auto& door) {
         with_base(door);
         door.fail(resolved_base, error_code::unavailable, "registry said 503");
       },
       "refuse unavailable: registry said 503",
       {"find " + resolved_ws, "resolve " + resolved_base},
       0},
      {"the lookup of the resolved base's workspace image fails",
       [=](auto& door) {
         with_base(door);
         door.fail(resolved_ws, error_code::unavailable, "registry said 503");
       },
       "refuse unavailable: registry said 503",
       {"find " + resolved_ws},
       0},
      {"a forced rebuild does not look at the resolved base",
       [=](auto& door) {
         with_base(door);
         door.add(resolved_ws);
         door.request.force_rebuild = true;
       },
       "follow admitted",
       {"resolve " + own_base},
       1},
      {"the workspace image exists",
       [=](auto& door) { door.add(own_ws); },
       "exists " + own_ws + " " + own_base,
       {"resolve " + own_base, "find " + own_ws},
       0},
      {"the workspace image exists and a rebuild is forced",
       [=](auto& door) {
         door.add(own_ws);
         door.request.force_rebuild = true;
       },
       "follow admitted",
       {"resolve " + own_base},
       1},
      {"the workspace image does not exist",
       [](auto&) {},
       "follow admitted",
       {"resolve " + own_base, "find " + own_ws},
       1},
      {"the lookup of the workspace image fails",
       [=](auto& door) { door.fail(own_ws, error_code::unavailable, "registry said 503"); },
       "refuse unavailable: registry said 503",
       {"resolve " + own_base, "find " + own_ws},
       0},
      {"the source does not exist",
       [](auto& door) { door.world->images.erase(own_base); },
       "refuse not_found: cannot resolve image",
       {"resolve " + own_base},
       0},
      {"the source needs credentials",
       [](auto& door) { door.fail(own_base, error_code::unauthenticated, "cannot resolve image"); },
       "refuse unauthenticated: cannot resolve image",
       {"resolve " + own_base},
       0},
      {"the build runs already: it is joined",
       [=](auto& door) { door.let_run(own_ws); },
       "follow admitted",
       {"resolve " + own_base, "find " + own_ws},
       1},
      {"the build runs already and the registry does not answer: it is joined",
       [=](auto& door) {
         door.let_run(own_ws);
         door.fail(own_ws, error_code::unavailable, "registry said 503");
       },
       "follow admitted",
       {"resolve " + own_base, "find " + own_ws},
       1},
      {"the workspace image exists while a forced rebuild of it runs",
       [=](auto& door) {
         door.let_run(own_ws);
         door.add(own_ws);
       },
       "exists " + own_ws + " " + own_base,
       {"resolve " + own_base, "find " + own_ws},
       0},
      {"the queue is full",
       [](auto& door) {
         *door.verdict = error{error_code::resource_exhausted, "the build queue is full", "", {}};
       },
       "refuse resource_exhausted: the build queue is full",
       {"resolve " + own_base, "find " + own_ws},
       1},
  };
}

bool matches(const std::string& text, const std::string& pattern) {
  if (!pattern.ends_with('*')) return text == pattern;
  return text.starts_with(pattern.substr(0, pattern.size() - 1));
}

} // namespace

TEST_CASE("each decision about a request is made as the order of decisions says", "[intake]") {
  for (const auto& row : decisions()) {
    CAPTURE(row.name);
    front_door door;
    row.given(door);
    auto answer = door.decide();
    CAPTURE(answer);
    CHECK(matches(answer, row.answer));
    CHECK(door.world->asked == row.asked);
    CHECK(door.wishes->size() == row.admissions);
  }
}

TEST_CASE("an inquiry tells the references and never builds", "[intake]") {
  front_door door;
  CHECK(door.decide(true) == "missing " + workspace_of(own_base) + " " + own_base);
  door.add(workspace_of(own_base));
  CHECK(door.decide(true) == "exists " + workspace_of(own_base) + " " + own_base);
  running_builds now;
  now.add(make_record("running", workspace_of(own_base)).channel);
  door.board->publish(now);
  door.world->images.erase(workspace_of(own_base));
  CHECK(door.decide(true) == "missing " + workspace_of(own_base) + " " + own_base);
  CHECK(door.wishes->empty());
}

TEST_CASE("a Dockerfile's references follow from its content, without asking a registry for the base",
          "[intake]") {
  front_door door;
  dockerfile_source file;
  git_initializer git;
  git.remote_uri = "https://example.com/a.git";
  file.source = {git};
  file.dockerfile_path = "Dockerfile";
  door.request.source = file;
  CHECK(door.decide() == "follow admitted");
  auto base = base_reference(base_repository, file);
  CHECK(door.plan().base_ref == base);
  CHECK(door.plan().workspace_ref == workspace_of(base));
  CHECK(door.world->asked == strings{"find " + workspace_of(base)});
}

TEST_CASE("a forced request of a Dockerfile finds its build without asking anybody", "[intake]") {
  front_door door;
  dockerfile_source file;
  git_initializer git;
  git.remote_uri = "https://example.com/a.git";
  file.source = {git};
  file.dockerfile_path = "Dockerfile";
  door.request.source = file;
  door.request.force_rebuild = true;
  const auto ref = workspace_of(base_reference(base_repository, file));
  CHECK(find_forced(door.request, door.settings) == nullptr);
  door.let_run(ref);
  auto running = door.board->read()->channels().at(0);
  CHECK(find_forced(door.request, door.settings) == running);

  SECTION("not a request that is content with an image") { door.request.force_rebuild = false; }
  SECTION("not of an image, whose digest a registry has to tell") {
    door.request.source = reference_source{own_base};
  }
  SECTION("not without a source") { door.request.source.reset(); }
  SECTION("not the build of something else") { door.let_run(workspace_of(own_base)); }
  SECTION("not a build that has ended and is about to leave the board") {
    running->publish({build_status::failure, "failed"});
  }
  CHECK(find_forced(door.request, door.settings) == nullptr);
}

TEST_CASE("a build from a resolved base has that base as its source", "[intake]") {
  front_door door;
  door.request.base_image_name_resolved = resolved_base;
  door.add(resolved_base);
  door.decide();
  CHECK(std::get<reference_source>(door.plan().source).ref == resolved_base);
  CHECK(door.plan().base_ref == resolved_base);
}

TEST_CASE("every build says why it is built", "[intake]") {
  front_door door;
  auto ws = workspace_of(own_base);
  SECTION("no image") {
    door.decide();
    CHECK(door.plan().explanation.at(0) == "building " + ws + ": no image exists under this reference");
  }
  SECTION("forced") {
    door.request.force_rebuild = true;
    door.decide();
    CHECK(door.plan().explanation.at(0) == "building " + ws + ": forced by the request");
  }
  SECTION("forced, while one runs") {
    running_builds now;
    now.add(make_record("running", ws).channel);
    door.board->publish(now);
    door.request.force_rebuild = true;
    door.decide();
    CHECK(door.plan().explanation.at(0) == "building " + ws + ": forced by the request");
  }
  SECTION("joining one that may fail before") {
    door.let_run(ws);
    door.fail(ws, error_code::unavailable, "registry said 503");
    door.decide();
    CHECK(door.plan().explanation.at(0) ==
          "building " + ws + ": the build that was under way has just failed");
  }
  SECTION("a base that is gone") {
    door.request.base_image_name_resolved = resolved_base;
    door.decide();
    CHECK(contains(door.plan().explanation.back(), resolved_base + " is gone"));
  }
  CHECK(door.plan().explanation.at(1) == "base image " + own_base);
}

TEST_CASE("a plan carries what the request says, and secrets of its own", "[intake]") {
  front_door door;
  door.request.triggered_by = "someone";
  door.request.supervisor_ref = "s";
  door.request.use_retry_client = true;
  door.request.auth.mode = request_auth::kind::total;
  door.request.auth.allow_all = true;
  door.request.auth.additional["images.example"] = "dXNlcjpodW50ZXIy"; // user:hunter2
  door.settings.log_url = [](const std::string& id) { return "http://logs/" + id; };
  running_builds now;
  now.epoch = 7;
  door.board->publish(now);
  door.decide();
  const auto& plan = door.plan();
  CHECK(plan.triggered_by == "someone");
  CHECK(plan.supervisor_ref == "s");
  CHECK(plan.retry_lookups);
  CHECK(plan.log_url == "http://logs/" + plan.build_id);
  CHECK(plan.build_id.size() == 36);
  CHECK(plan.owner_token.size() == 64);
  CHECK(door.wishes->front().seen_epoch == 7);
  redactor hides(std::make_shared<pattern_set>(secrets_of(plan)));
  std::string shown;
  hides.write("hunter2 " + plan.owner_token + " dXNlcjpodW50ZXIy", shown);
  hides.finish(shown);
  CHECK_FALSE(contains(shown, "hunter2"));
  CHECK_FALSE(contains(shown, plan.owner_token));
  CHECK_FALSE(contains(shown, "dXNlcjpodW50ZXIy"));
}

TEST_CASE("a neighbour that is away or dies is told to the caller as unavailable", "[intake]") {
  front_door door;
  SECTION("no resolver") { door.remove(names::resolver); }
  SECTION("no director") { door.remove(names::director); }
  SECTION("a resolver that never answers") {
    door.put(names::resolver,
             door.system().spawn([](resolver_actor::pointer self) -> resolver_actor::behavior_type {
               return {[self](const resolve_image&) { return self->make_response_promise<image_answer>(); },
                       [self](const find_image&) { return self->make_response_promise<image_answer>(); }};
             }));
  }
  auto notes = std::make_shared<strings>();
  door.system().spawn(build_intake, door.request,
                      std::shared_ptr<build_answer>(std::make_shared<noted_answer>(notes)), door.settings,
                      false);
  door.run();
  door.advance(31s);
  REQUIRE(notes->size() == 1);
  CHECK(notes->front().starts_with("refuse unavailable: the "));
  CHECK(contains(notes->front(), "is restarting"));
}

TEST_CASE("an intake ends when it has answered", "[intake]") {
  front_door door;
  auto before = door.living();
  door.decide();
  door.request.source.reset();
  door.decide();
  CHECK(door.living() == before);
}
