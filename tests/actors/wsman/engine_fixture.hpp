#pragma once

#include "actors/engine/wsman_engine.hpp"
#include "tests/actors/fakes.hpp"

#include <algorithm>
#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace ib::test {

/// ws-manager: what it was asked, to be answered when the test wants it. One thread, as all of the house.
class scripted_manager final : public workspace_manager {
public:
  using list_answer = std::function<void(result<std::vector<workspace_status>>)>;

  struct subscription {
    std::function<void(workspace_status)> changed;
    std::function<void(error)> ended;
    bool alive = true;
  };

  std::vector<std::string> asked; ///< "list", "subscribe", "start ID", "describe ID", "stop ID"
  std::deque<list_answer> lists;
  std::deque<std::function<void(result<started_workspace>)>> starts;
  std::deque<std::function<void(result<workspace_status>)>> descriptions;
  std::deque<std::function<void(result<void>)>> stops;
  std::shared_ptr<subscription> subscribed;
  from_credentials credentials; ///< of the last start

  void list(list_answer done) override {
    asked.emplace_back("list");
    lists.push_back(std::move(done));
  }
  std::unique_ptr<workspace_subscription> subscribe(std::function<void(workspace_status)> changed,
                                                    std::function<void(error)> ended) override {
    asked.emplace_back("subscribe");
    subscribed = std::make_shared<subscription>(subscription{std::move(changed), std::move(ended), true});
    struct handle : workspace_subscription {
      explicit handle(std::shared_ptr<subscription> s) : of(std::move(s)) {}
      ~handle() override { of->alive = false; }
      std::shared_ptr<subscription> of;
    };
    return std::make_unique<handle>(subscribed);
  }
  void start(std::shared_ptr<const build_plan> plan, from_credentials found,
             std::function<void(result<started_workspace>)> done) override {
    asked.push_back("start " + plan->build_id);
    credentials = std::move(found);
    starts.push_back(std::move(done));
  }
  void describe(const std::string& id, std::function<void(result<workspace_status>)> done) override {
    asked.push_back("describe " + id);
    descriptions.push_back(std::move(done));
  }
  void stop(const std::string& id, std::function<void(result<void>)> done) override {
    asked.push_back("stop " + id);
    stops.push_back(std::move(done));
  }
  void close() override {}

  size_t count(const std::string& what) const {
    return static_cast<size_t>(std::count(asked.begin(), asked.end(), what));
  }
};

/// What a build was told by its run.
struct run_news {
  std::vector<std::string> messages;
  std::vector<std::string> notes;
  std::vector<log_access> accesses;
  std::vector<run_ended> ends;
  build_state state = build_state::queued; ///< the last phase

  const run_failed* failure() const {
    return ends.empty() ? nullptr : std::get_if<run_failed>(&ends.back().how);
  }
  bool succeeded() const { return !ends.empty() && std::holds_alternative<run_succeeded>(ends.back().how); }
};

inline build_actor::behavior_type hearing_build(build_actor::pointer, const std::shared_ptr<run_news>& news) {
  return {[](const run_now&) {},
          [](const introduce_yourself&) {},
          [](const queue_place&) {},
          [](const cancel_build&) { return cancel_answer{result<void>{}}; },
          [](const run_output&) {},
          [news](const run_phase& m) {
            news->messages.push_back(m.message);
            news->state = m.phase;
          },
          [news](const run_note& m) { news->notes.push_back(m.line); },
          [news](const run_log_access& m) { news->accesses.push_back(*m.access); },
          [news](const run_ended& m) { news->ends.push_back(m); }};
}

/// Answers look-ups of images with what the test put there last.
struct image_script {
  result<io::found_image> answer = error{error_code::not_found, "no such image", "", {}};
  size_t asked = 0;
};

inline resolver_actor::behavior_type scripted_resolver(resolver_actor::pointer,
                                                       const std::shared_ptr<image_script>& script) {
  return {[](const resolve_image&) {
            return image_answer{error{error_code::internal, "nobody resolves here", "", {}}};
          },
          [script](const find_image&) {
            ++script->asked;
            return image_answer{script->answer};
          }};
}

/// The engine amid scripted neighbours.
struct wsman_house : house_fixture {
  wsman_house() {
    context->manager = manager;
    context->streams = std::make_shared<io::http_streams>();
    context->credentials = std::make_shared<io::credential_store>(
        auth_policy("registry.example", "registry.example"), nullptr, nullptr);
    put(names::journal, spawn_journal(system(), store));
    put(names::director, system().spawn(scripted_director, director));
    put(names::resolver, system().spawn(scripted_resolver, images));
    start_engine();
  }
  ~wsman_house() {
    for (const auto& [id, entry] : context->runs)
      keep(caf::actor_cast<run_actor>(entry.actor));
    context->runs.clear();
    context->streams->stop();
  }

  void start_engine() {
    engine = put(names::engine, engine_actor(system().spawn(wsman_engine, context)));
    run();
  }

  // --- ws-manager ---

  void answer_list(std::vector<workspace_status> all = {}) {
    REQUIRE_FALSE(manager->lists.empty());
    take(manager->lists)(std::move(all));
    run();
  }
  void fail_list(error why = {error_code::unavailable, "gone", "", {}}) {
    take(manager->lists)(std::move(why));
    run();
  }
  void change(const workspace_status& status) {
    REQUIRE(manager->subscribed);
    manager->subscribed->changed(status);
    run();
  }
  void answer_start(result<started_workspace> answer) {
    REQUIRE_FALSE(manager->starts.empty());
    take(manager->starts)(std::move(answer));
    run();
  }
  void answer_description(result<workspace_status> answer) {
    REQUIRE_FALSE(manager->descriptions.empty());
    take(manager->descriptions)(std::move(answer));
    run();
  }
  void answer_stop(result<void> answer) {
    REQUIRE_FALSE(manager->stops.empty());
    take(manager->stops)(std::move(answer));
    run();
  }

  // --- builds ---

  /// Follows a run as its build would; ends the test where there is none.
  void follow(const pending_ptr<run_handle>& handle, uint64_t raw_offset = 0) {
    run();
    REQUIRE(handle->answer);
    REQUIRE(handle->answer->run);
    the_run = keep(caf::actor_cast<run_actor>(*handle->answer->run));
    news = std::make_shared<run_news>();
    build = keep(system().spawn(hearing_build, news));
    tell(the_run, subscribe_run{raw_offset, caf::actor_cast<caf::strong_actor_ptr>(build)});
  }
  void start(const std::string& id = "b1", int attempt = 1) {
    follow(ask<run_handle>(engine, start_run{make_plan(id, "registry.example/ws:1"), attempt}));
  }
  void attach(bool begun, const std::string& id = "b1") {
    attach(begun, make_plan(id, "registry.example/ws:1"));
  }
  void attach(bool begun, std::shared_ptr<const build_plan> plan) {
    auto id = plan->build_id;
    follow(ask<run_handle>(engine, attach_run{std::move(id), 1, std::move(plan), begun}));
  }
  /// A build whose workspace was started.
  void start_well(const std::string& id = "b1") {
    start(id);
    answer_start(started_workspace{false, "", ""});
  }
  void found_image() {
    images->answer = io::found_image{*parse_reference("registry.example/ws:1"), "a manifest"};
  }

  std::shared_ptr<scripted_manager> manager = std::make_shared<scripted_manager>();
  std::shared_ptr<wsman_context> context = std::make_shared<wsman_context>();
  std::shared_ptr<moody_store> store = std::make_shared<moody_store>();
  std::shared_ptr<director_script> director = std::make_shared<director_script>();
  std::shared_ptr<image_script> images = std::make_shared<image_script>();
  engine_actor engine;
  run_actor the_run;
  build_actor build;
  std::shared_ptr<run_news> news;

private:
  template <class T>
  static T take(std::deque<T>& from) {
    auto first = std::move(from.front());
    from.pop_front();
    return first;
  }
};

/// A workspace of ours; without a URL, so that nobody looks for its log.
inline workspace_status workspace(workspace_phase phase, uint64_t version, const std::string& id = "b1") {
  workspace_status status;
  status.id = id;
  status.managed_by = "image-builder";
  status.workspace_ref = "registry.example/ws:1";
  status.base_ref = "registry.example/base:1";
  status.owner = "somebody";
  status.phase = phase;
  status.version = version;
  return status;
}

} // namespace ib::test
