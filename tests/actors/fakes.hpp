#pragma once

#include "actors/domain/base64.hpp"
#include "actors/journal_keeper.hpp"
#include "tests/actors/house_fixture.hpp"
#include "tests/support/temp_dir.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace ib::test {

// --- builds ---

inline std::shared_ptr<build_plan> make_plan(const std::string& id, const std::string& ref,
                                             const std::string& owner = "someone") {
  auto plan = std::make_shared<build_plan>();
  plan->build_id = id;
  // Later than all plans before it, as the journal orders builds by it.
  static int64_t created_ms = 1'700'000'000'000;
  plan->created_ms = ++created_ms;
  plan->workspace_ref = ref;
  plan->base_ref = "registry.example/base:1";
  plan->source = reference_source{"registry.example/base:1"};
  name_source(*plan);
  plan->triggered_by = owner;
  plan->explanation = {"building " + ref + ": no image exists under this reference"};
  return plan;
}

/// `passwords`: of the request.
inline build_record make_record(const std::string& id, const std::string& ref,
                                const std::vector<std::string>& passwords = {}) {
  auto plan = make_plan(id, ref);
  for (const auto& password : passwords)
    plan->auth.additional["registry-" + std::to_string(plan->auth.additional.size())] =
        base64_encode("user:" + password);
  return {plan, std::make_shared<build_channel>(plan, 0), {}, 0, {}};
}

inline log_access_ptr access_at(const std::string& url, const std::string& owner_token) {
  return std::make_shared<const log_access>(log_access{url, owner_token});
}

inline std::string log_text(const build_channel& channel) {
  std::string text;
  auto cursor = channel.log().at(0);
  for (auto slice = cursor.next(1 << 20); !slice.bytes.empty(); slice = cursor.next(1 << 20))
    text += slice.bytes;
  return text;
}

inline std::vector<std::string> messages(const build_channel& channel) {
  std::vector<std::string> texts;
  auto cursor = channel.from_start();
  while (auto* update = cursor.next())
    texts.push_back(update->message);
  return texts;
}

inline bool ended_as(const build_channel& channel, build_status status) {
  return channel.ended() && channel.latest()->status == status;
}

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// --- the engine and its runs ---

/// What a run has said and was told; the test speaks for the run, the fake actor replays as a real one does.
struct run_script {
  std::string build_id;
  int attempt = 1;
  run_actor actor;
  std::string output;
  std::optional<run_phase> phase;
  std::optional<run_ended> end;
  caf::strong_actor_ptr listener;
  std::vector<uint64_t> subscriptions;
  std::vector<uint64_t> acknowledged;
  bool stopped = false;
  bool released = false;

  void say(const std::string& text) {
    run_output piece{attempt, output.size(), std::make_shared<const std::string>(text)};
    output += text;
    send(std::move(piece));
  }
  void enter(build_state state, const std::string& message) {
    phase = run_phase{attempt, state, message, false};
    send(*phase);
  }
  void finish(build_event how) {
    end = run_ended{attempt, std::move(how)};
    send(*end);
  }

private:
  template <class Message>
  void send(Message message) {
    if (listener) caf::anon_send(caf::actor_cast<build_actor>(listener), std::move(message));
  }
};

using run_ptr = std::shared_ptr<run_script>;

inline run_actor::behavior_type scripted_run(run_actor::pointer self, const run_ptr& script) {
  return {
      [self, script](const subscribe_run& wish) {
        script->listener = wish.listener;
        script->subscriptions.push_back(wish.raw_offset);
        auto listener = caf::actor_cast<build_actor>(wish.listener);
        if (script->phase) {
          auto again = *script->phase;
          again.replayed = true;
          self->send(listener, again);
        }
        if (script->output.size() > wish.raw_offset)
          self->send(listener,
                     run_output{script->attempt, wish.raw_offset,
                                std::make_shared<const std::string>(script->output.substr(wish.raw_offset))});
        if (script->end) self->send(listener, *script->end);
      },
      [script](const acknowledge_output& m) { script->acknowledged.push_back(m.raw_offset); },
      [script](const stop_run&) { script->stopped = true; },
      [self, script](const release_run&) {
        script->released = true;
        self->quit();
      },
  };
}

/// Every run that was ever started, oldest first.
struct engine_script {
  std::vector<run_ptr> runs;
  std::vector<int> attached;
  attach_run last_attach;
  std::vector<std::string> stopped;
  std::optional<run_phase> at_once; ///< where a run is before anybody subscribes

  run_ptr run(const std::string& build_id, int attempt = 1) const {
    for (const auto& run : runs)
      if (run->build_id == build_id && run->attempt == attempt) return run;
    return nullptr;
  }
};

inline engine_actor::behavior_type scripted_engine(engine_actor::pointer self,
                                                   const std::shared_ptr<engine_script>& script) {
  return {
      [self, script](const start_run& order) {
        auto run = std::make_shared<run_script>();
        run->build_id = order.plan->build_id;
        run->attempt = order.attempt;
        run->phase = script->at_once;
        run->actor = self->spawn(scripted_run, run);
        script->runs.push_back(run);
        return run_handle{caf::actor_cast<caf::strong_actor_ptr>(run->actor)};
      },
      [script](const attach_run& wish) {
        script->attached.push_back(wish.attempt);
        script->last_attach = wish;
        auto run = script->run(wish.build_id, wish.attempt);
        if (!run || has_ended(run->actor)) return run_handle{error{error_code::not_found, "no run", "", {}}};
        return run_handle{caf::actor_cast<caf::strong_actor_ptr>(run->actor)};
      },
      [self, script](const stop_run& wish) {
        script->stopped.push_back(wish.build_id);
        if (!script->runs.empty())
          for (const auto& run : script->runs)
            if (run->build_id == wish.build_id) self->send(run->actor, wish);
      },
  };
}

// --- the director, as builds see it ---

struct director_script {
  std::map<std::string, build_actor> ready; ///< the newest incarnation of each build
  size_t introductions = 0;
  std::vector<build_ended> ended;
  std::vector<std::shared_ptr<const build_plan>> adopted;
};

inline director_actor::behavior_type scripted_director(director_actor::pointer,
                                                       const std::shared_ptr<director_script>& script) {
  return {
      [](const admit_build&) {
        return build_admitted{error{error_code::internal, "a fake", "", {}}, false};
      },
      [](const joins_noted&) {},
      [script](const build_ready& who) {
        ++script->introductions;
        script->ready[who.build_id] = caf::actor_cast<build_actor>(who.actor);
      },
      [script](const build_ended& who) { script->ended.push_back(who); },
      [](const cancel_build&) { return cancel_answer{result<void>{}}; },
      [script](const adopt_build& wish) { script->adopted.push_back(wish.plan); },
  };
}

// --- the journal's store ---

/// A real store in a folder of its own that can be told to refuse; it keeps count of what it was asked.
class moody_store final : public journal_store {
public:
  moody_store() : inner_(open_durable_store({folder_.path() / "journal", 0, false})) {}

  std::function<bool(const std::string& build_id)> refuses_append = [](const auto&) { return false; };
  std::function<bool(const std::string& build_id)> refuses_advance = [](const auto&) { return false; };
  std::function<bool(const std::string& build_id)> refuses_create = [](const auto&) { return false; };
  std::function<bool()> refuses_read_log = [] { return false; };
  std::function<bool()> refuses_try_out = [] { return false; };
  /// What it says then: `unavailable` may be tried again, anything else not.
  error refusal{error_code::internal, "the store is moody", "", {}};
  std::vector<std::string> created;
  std::vector<machine_state> advanced;
  std::vector<std::string> answers;

  result<void> create(build_record record) override {
    if (refuses_create(record.plan->build_id)) return refusal;
    created.push_back(record.plan->build_id);
    return inner_->create(std::move(record));
  }
  result<void> advance(const std::string& build_id, const machine_state& machine,
                       std::optional<std::chrono::steady_clock::time_point> deadline,
                       const std::optional<status_update>& step) override {
    if (refuses_advance(build_id)) return refusal;
    advanced.push_back(machine);
    return inner_->advance(build_id, machine, deadline, step);
  }
  result<void> commit() override { return inner_->commit(); }
  void discard() override { inner_->discard(); }
  result<void> append_log(const std::string& build_id, const shared_text& bytes, uint64_t at,
                          uint64_t raw_offset) override {
    if (refuses_append(build_id)) return refusal;
    return inner_->append_log(build_id, bytes, at, raw_offset);
  }
  result<void> note_request(const request_note& note) override { return inner_->note_request(note); }
  result<void> note_answer(const std::string& id, const std::string& url, const std::string& text) override {
    answers.push_back(id + " " + url + " " + text);
    return inner_->note_answer(id, url, text);
  }
  result<build_record> find(const std::string& build_id) override { return inner_->find(build_id); }
  result<build_record> find_newest(const std::string& ref) override { return inner_->find_newest(ref); }
  result<log_buffer::pin> read_log(const build_record& build, uint64_t offset) override {
    if (refuses_read_log()) return refusal;
    return inner_->read_log(build, offset);
  }
  bool let_logs_go() override { return inner_->let_logs_go(); }
  result<build_description> describe(const std::string& id) override { return inner_->describe(id); }
  result<build_page> list(const build_filter& filter) override { return inner_->list(filter); }
  result<std::vector<build_record>> unfinished() override { return inner_->unfinished(); }
  result<void> try_out() override {
    if (refuses_try_out()) return refusal;
    return inner_->try_out();
  }
  result<void> retain(const retention_limits& limits) override { return inner_->retain(limits); }

private:
  temp_dir folder_;
  std::unique_ptr<journal_store> inner_;
};

/// Keeps a build in a store before its house runs.
inline bool keep_now(journal_store& store, const build_record& record) {
  return store.create(record) && store.commit();
}

inline auto spawn_journal(caf::actor_system& system, const std::shared_ptr<journal_store>& store) {
  return system.spawn(journal_keeper, store, std::make_shared<storage_board>(), retention_limits{},
                      std::make_shared<metrics>());
}

} // namespace ib::test
