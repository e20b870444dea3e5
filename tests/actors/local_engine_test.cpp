#include "actors/engine/local.hpp"

#include "tests/actors/fakes.hpp"
#include "tests/actors/holding_registry.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

using namespace ib;
using namespace ib::test;

namespace {

/// The local engine of a house whose tools the test finds out: the probe itself is not started.
struct engine_house : house_fixture {
  explicit engine_house(bool tries_tools = false) {
    std::string pattern = (std::filesystem::temp_directory_path() / "ib-engine-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    folder = pattern;
    context->folders = {folder, folder, folder, folder};
    context->registry = registry;
    runs->probing = !tries_tools;
    start_engine();
  }
  ~engine_house() {
    runs->end_all();
    registry->release();
    run();
    context->threads.wait();
    run();
    std::filesystem::remove_all(folder);
  }
  void start_engine() {
    engine = keep(system().spawn(local_engine, context, runs));
    run();
  }
  void find_tools() {
    runs->tools = std::make_shared<const result<build_tools>>(build_tools{});
    advance(std::chrono::milliseconds(100));
  }
  pending_ptr<run_handle> begin(const std::shared_ptr<build_plan>& plan, int attempt = 1) {
    auto handle = ask<run_handle>(engine, start_run{plan, attempt});
    run();
    return handle;
  }
  pending_ptr<run_handle> attach(const std::string& id, int attempt = 1) {
    auto handle = ask<run_handle>(engine, attach_run{id, attempt});
    run();
    return handle;
  }

  std::filesystem::path folder;
  std::shared_ptr<holding_registry> registry = std::make_shared<holding_registry>();
  std::shared_ptr<local_context> context = std::make_shared<local_context>();
  std::shared_ptr<local_runs> runs = std::make_shared<local_runs>();
  local_engine_impl engine;
};

/// A variable of this process that has another value for a while.
class environment_variable {
public:
  environment_variable(const char* name, const char* value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    ::setenv(name, value, 1);
  }
  environment_variable(const environment_variable&) = delete;
  environment_variable& operator=(const environment_variable&) = delete;
  ~environment_variable() {
    if (before_)
      ::setenv(name_, before_->c_str(), 1);
    else
      ::unsetenv(name_);
  }

private:
  const char* name_;
  std::optional<std::string> before_;
};

caf::strong_actor_ptr actor_of(const pending_ptr<run_handle>& handle) {
  REQUIRE(handle->answer);
  REQUIRE(handle->answer->run);
  return *handle->answer->run;
}

} // namespace

TEST_CASE("a run that is stopped before the tools are known never begins", "[engine]") {
  engine_house house;
  auto handle = house.begin(make_plan("b1", "registry.example/ws:1"));
  CHECK_FALSE(handle->answer);
  house.tell(house.engine, stop_run{"b1"});
  REQUIRE(handle->answer);
  REQUIRE_FALSE(handle->answer->run);
  CHECK(handle->answer->run.error().code == error_code::cancelled);
  house.find_tools();
  CHECK(house.runs->runs.empty());
}

TEST_CASE("a run that never was cannot be attached to, and stopping it harms nobody", "[engine]") {
  engine_house house;
  house.tell(house.engine, stop_run{"b1"});
  house.find_tools();
  auto handle = house.attach("b1");
  REQUIRE(handle->answer);
  REQUIRE_FALSE(handle->answer->run);
  CHECK(handle->answer->run.error().code == error_code::not_found);
}

TEST_CASE("an engine that crashes takes no run with it", "[engine]") {
  engine_house house;
  house.find_tools();
  auto run = actor_of(house.begin(make_plan("b1", "registry.example/ws:1")));
  house.crash(house.engine);
  CHECK_FALSE(has_ended(run));
  house.start_engine();
  CHECK(actor_of(house.attach("b1")) == run);
  house.tell(house.engine, stop_run{"b1"});
  house.registry->release();
  house.context->threads.wait();
  house.run();
  CHECK(house.runs->ends.at("registry.example/ws:1")->is_reached());
}

TEST_CASE("a run that ends while the engine is away is not found afterwards", "[engine]") {
  engine_house house;
  house.find_tools();
  auto run = actor_of(house.begin(make_plan("b1", "registry.example/ws:1")));
  house.crash(house.engine);
  house.crash(run);
  house.start_engine();
  auto handle = house.attach("b1");
  REQUIRE(handle->answer);
  CHECK_FALSE(handle->answer->run);
}

TEST_CASE("a start that is asked for twice is one run", "[engine]") {
  engine_house house;
  auto plan = make_plan("b1", "registry.example/ws:1");
  auto first = house.begin(plan);
  auto second = house.attach("b1");
  house.find_tools();
  auto third = house.begin(plan);
  CHECK(actor_of(first) == actor_of(second));
  CHECK(actor_of(first) == actor_of(third));
  house.registry->wait_until_reached();
  CHECK(house.registry->asked == 1);
  CHECK(house.runs->runs.size() == 1);
}

TEST_CASE("an engine that is started again waits for the probe that its predecessor began", "[engine]") {
  engine_house house;
  house.crash(house.engine);
  house.start_engine();
  auto handle = house.begin(make_plan("b1", "registry.example/ws:1"));
  CHECK_FALSE(handle->answer);
  house.find_tools();
  CHECK(actor_of(handle));
}

TEST_CASE("a run does not begin its work before the last one of its reference has done its own", "[engine]") {
  engine_house house;
  house.find_tools();
  auto first = actor_of(house.begin(make_plan("b1", "registry.example/ws:1")));
  house.registry->wait_until_reached();
  house.crash(first);
  actor_of(house.begin(make_plan("b2", "registry.example/ws:1")));
  actor_of(house.begin(make_plan("b3", "registry.example/ws:2")));
  house.registry->wait_until_asked(2); // by b3; b2 waits behind b1, which is held
  CHECK(house.registry->asked_for("registry.example/ws:1") == 1);
  house.registry->release();
  house.registry->wait_until_asked(4); // b2, and the check of what it finds
  CHECK(house.registry->asked_for("registry.example/ws:1") >= 2);
}

TEST_CASE("the runs end with the house", "[engine]") {
  engine_house house;
  house.find_tools();
  auto run = actor_of(house.begin(make_plan("b1", "registry.example/ws:1")));
  house.send_exit(house.engine, caf::exit_reason::user_shutdown);
  CHECK(has_ended(house.engine));
  CHECK(has_ended(run));
}

TEST_CASE("a run of an earlier attempt is gone once the next one begins", "[engine]") {
  engine_house house;
  house.find_tools();
  auto plan = make_plan("b1", "registry.example/ws:1");
  auto first = actor_of(house.begin(plan));
  house.registry->wait_until_reached();
  auto second = actor_of(house.begin(plan, 2));
  CHECK(first != second);
  // Its actor would keep a closing service waiting for minutes.
  CHECK(has_ended(first));
  CHECK_FALSE(has_ended(second));
  CHECK(actor_of(house.attach("b1", 2)) == second);
}

TEST_CASE("tools that do not work are tried again", "[engine]") {
  environment_variable nowhere("PATH", "/nowhere");
  engine_house house(true);
  house.context->threads.wait();
  house.run();
  REQUIRE(house.runs->tools.load());
  REQUIRE_FALSE(*house.runs->tools.load());
  CHECK(house.context->health->read()->count(health_names::build_tools) == 1);
  auto first = house.runs->tools.load();
  for (int minute = 0; minute < 3; ++minute) {
    house.advance(std::chrono::minutes(1));
    house.context->threads.wait();
    house.run();
    CHECK(house.runs->tools.load() != first);
    first = house.runs->tools.load();
  }
  // As an operator who mends the machine.
  house.context->health->ready(health_names::build_tools);
  house.runs->tools = std::make_shared<const result<build_tools>>(build_tools{});
  house.tell(house.engine, look_at_tools{});
  auto good = house.runs->tools.load();
  house.advance(std::chrono::minutes(5));
  house.context->threads.wait();
  house.run();
  CHECK(house.runs->tools.load() == good);
  CHECK(house.context->health->is_ready());
}
