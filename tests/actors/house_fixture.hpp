#pragma once

#include "actors/build_channel.hpp"
#include "actors/house_config.hpp"
#include "actors/interfaces.hpp"
#include "actors/names.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ib::test {

/// The answer to a question that an actor was asked; filled while the house runs.
template <class Answer>
struct pending {
  std::optional<Answer> answer;
  bool failed = false; ///< the asked one died or said nothing in time
};

template <class Answer>
using pending_ptr = std::shared_ptr<pending<Answer>>;

/// An actor system without threads: actors work only inside run(), one message at a time in the order they
/// became ready, and time passes only by advance(). Everything registered or kept ends with the fixture.
class house_fixture {
public:
  house_fixture() : system_(config_) {
    // A test that fails half-way leaves actors behind; it must not hang.
    system_.await_actors_before_shutdown(false);
  }
  house_fixture(const house_fixture&) = delete;
  house_fixture& operator=(const house_fixture&) = delete;
  ~house_fixture() {
    for (auto name : names_)
      system_.registry().erase(name);
    for (const auto& actor : kept_)
      caf::anon_send_exit(caf::actor_cast<caf::actor>(actor), caf::exit_reason::kill);
    kept_.clear();
    run();
    scheduler().trigger_timeouts();
    run();
  }

  caf::actor_system& system() { return system_; }
  caf::scheduler::test_coordinator& scheduler() {
    return dynamic_cast<caf::scheduler::test_coordinator&>(system_.scheduler());
  }

  /// Until nobody has a message left.
  void run() { scheduler().run(); }
  /// Time passes, then run().
  void advance(std::chrono::milliseconds by) {
    scheduler().advance_time(by);
    run();
  }

  /// Puts a fake or a real actor where its neighbours look for it; a former one of that name is ended.
  template <class Handle>
  Handle put(caf::atom_value name, Handle actor) {
    if (auto former = system_.registry().get(name)) end(former, caf::exit_reason::kill);
    system_.registry().erase(name); // put() alone leaves a name where it was
    system_.registry().put(name, caf::actor_cast<caf::strong_actor_ptr>(actor));
    names_.push_back(name);
    return keep(std::move(actor));
  }
  /// The name leads to nobody; its actor dies.
  void remove(caf::atom_value name) {
    auto former = system_.registry().get(name);
    system_.registry().erase(name);
    if (former) end(former, caf::exit_reason::kill);
    run();
  }
  template <class Handle>
  Handle keep(Handle actor) {
    kept_.push_back(caf::actor_cast<caf::strong_actor_ptr>(actor));
    return actor;
  }

  template <class Handle, class Message>
  void tell(const Handle& whom, Message message) {
    caf::anon_send(whom, std::move(message));
    run();
  }

  /// Asks without waiting for the answer; call run().
  template <class Answer, class Handle, class Question>
  pending_ptr<Answer> ask(const Handle& whom, Question question) {
    auto box = std::make_shared<pending<Answer>>();
    system_.spawn(
        [](caf::event_based_actor* self, const Handle& asked, Question what, pending_ptr<Answer> into) {
          self->request(asked, std::chrono::minutes(5), std::move(what))
              .then([into](const Answer& answer) { into->answer = answer; },
                    [into](const caf::error&) { into->failed = true; });
        },
        whom, std::move(question), box);
    return box;
  }

  /// A crash: no handler of the actor runs any more.
  template <class Handle>
  void crash(const Handle& who) {
    end(caf::actor_cast<caf::strong_actor_ptr>(who), caf::exit_reason::kill);
    run();
  }
  template <class Handle>
  void send_exit(const Handle& who, caf::exit_reason reason) {
    end(caf::actor_cast<caf::strong_actor_ptr>(who), reason);
    run();
  }

  /// Actors that have not ended, on the system's own account.
  size_t living() { return system_.registry().running(); }

private:
  struct testing_config : house_config {
    testing_config() { set("scheduler.policy", caf::atom("testing")); }
  };

  static void end(const caf::strong_actor_ptr& who, caf::exit_reason reason) {
    caf::anon_send_exit(caf::actor_cast<caf::actor>(who), reason);
  }

  testing_config config_;
  caf::actor_system system_;
  std::vector<caf::atom_value> names_;
  std::vector<caf::strong_actor_ptr> kept_;
};

/// True once an actor has ended.
template <class Handle>
bool has_ended(const Handle& who) {
  return caf::actor_cast<caf::abstract_actor*>(who)->getf(caf::abstract_actor::is_cleaned_up_flag);
}

} // namespace ib::test
