#pragma once

#include "gateway/builds_service.hpp"
#include "gateway/gateway_actor.hpp"
#include "gateway/grpc_server.hpp"
#include "tests/actors/fakes.hpp"

#include <caf/scoped_actor.hpp>
#include <catch2/catch.hpp>
#include <grpcpp/create_channel.h>
#include <imagebuilder/v1/builds.grpc.pb.h>

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace ib::test {

namespace v1 = imagebuilder::v1;

inline status_update step(build_state state, int attempt, int64_t at_ms, const std::string& message) {
  status_update update;
  update.state = state;
  update.attempt = attempt;
  update.at_ms = at_ms;
  update.message = message;
  update.is_step = true;
  if (is_terminal(state))
    update.status = state == build_state::succeeded ? build_status::success : build_status::failure;
  return update;
}

/// The extension service on a free loopback port, with a real journal and gateway actor behind it; of builds
/// that run there is what the test shows, and the director says what the test wants.
class builds_house {
public:
  builds_house() {
    auto& actors = *system_;
    put(names::journal, spawn_journal(actors, store));
    put(names::gateway, actors.spawn(gateway, intake_settings{}));
    put(names::director,
        actors.spawn([](director_actor::pointer, builds_house* house) { return house->director(); }, this));
    auto started =
        grpc_server::start({"127.0.0.1:0", std::nullopt},
                           {{"imagebuilder.v1.Builds", &service_, true, service_.streaming()}}, meter_);
    REQUIRE(started);
    server_ = std::move(*started);
    stub = v1::Builds::NewStub(grpc::CreateChannel(server_->address(), grpc::InsecureChannelCredentials()));
  }
  ~builds_house() {
    drain();
    server_->stop();
    for (auto name : {names::director, names::gateway, names::journal})
      remove(name);
    system_->await_all_actors_done();
  }

  void remove(caf::atom_value name) {
    auto actor = system_->registry().get(name);
    system_->registry().erase(name);
    if (actor) caf::anon_send_exit(caf::actor_cast<caf::actor>(actor), caf::exit_reason::kill);
  }

  /// A build in the journal, which shows nothing yet.
  build_record add(const std::string& id, const std::string& ref = "r/ws:1") {
    auto record = make_record(id, ref);
    REQUIRE(ask<journal_kept>(journal_create{record}).outcome);
    return record;
  }
  /// Keeps a step of a build, and shows it where it runs.
  void advance(const build_record& build, const status_update& told) {
    keep_step(build, told);
    build.channel->publish(told);
    build.channel->wake_all();
  }
  /// Keeps a step, and nobody is told of it yet.
  void keep_step(const build_record& build, const status_update& told) {
    machine_state machine{told.state, told.attempt, told.message};
    machine.failure = told.failure;
    REQUIRE(ask<journal_kept>(journal_advance{build.plan->build_id, machine, {}, told}).outcome);
  }
  void append(const build_record& build, const std::string& bytes) {
    auto at = build.channel->log().end_offset();
    REQUIRE(ask<journal_kept>(journal_append{build.plan->build_id, bytes, at, at + bytes.size()}).outcome);
    build.channel->wake_all();
  }
  /// What the director publishes.
  void show(const std::vector<build_record>& running) {
    running_builds now;
    for (const auto& build : running)
      now.add(build.channel);
    board_->publish(std::move(now));
    shown_ = running;
  }
  void drain() {
    *draining_ = true;
    for (const auto& build : shown_)
      build.channel->wake_all();
  }
  static void wait_until_parked(const build_record& build, size_t count = 1) {
    while (build.channel->parked() < count)
      std::this_thread::yield();
  }

  grpc::Status get(const std::string& id, v1::Build& into) {
    context call;
    v1::GetBuildRequest request;
    request.set_build_id(id);
    return stub->GetBuild(&call.inner, request, &into);
  }
  grpc::Status list(const v1::ListBuildsRequest& request, v1::ListBuildsResponse& into) {
    context call;
    return stub->ListBuilds(&call.inner, request, &into);
  }
  grpc::Status cancel(const std::string& id, const std::string& reason, v1::Build& into) {
    context call;
    v1::CancelBuildRequest request;
    request.set_build_id(id);
    request.set_reason(reason);
    return stub->CancelBuild(&call.inner, request, &into);
  }

  struct context {
    context() { inner.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60)); }
    grpc::ClientContext inner;
  };

  std::function<result<void>(const cancel_build&)> on_cancel = [](const auto&) { return result<void>(); };
  std::unique_ptr<v1::Builds::Stub> stub;
  std::shared_ptr<moody_store> store = std::make_shared<moody_store>(); ///< of the journal

private:
  template <class Handle>
  void put(caf::atom_value name, const Handle& actor) {
    system_->registry().put(name, caf::actor_cast<caf::strong_actor_ptr>(actor));
  }

  template <class Answer, class Question>
  Answer ask(Question question) {
    auto journal = find_actor<journal_actor>(*system_, names::journal);
    caf::scoped_actor self(*system_);
    Answer answer{error{}};
    self->request(journal, ask_timeout, std::move(question))
        .receive([&](const Answer& said) { answer = said; }, [](const caf::error&) {});
    return answer;
  }

  director_actor::behavior_type director() {
    return {
        [](const admit_build&) {
          return build_admitted{error{}, false};
        },
        [](const joins_noted&) {},
        [](const adopt_build&) {},
        [](const build_ready&) {},
        [](const build_ended&) {},
        [this](const cancel_build& wish) { return cancel_answer{on_cancel(wish)}; },
    };
  }

  caf::actor_system_config config_;
  std::unique_ptr<caf::actor_system> system_ = std::make_unique<caf::actor_system>(config_);
  std::shared_ptr<running_builds_board> board_ = std::make_shared<running_builds_board>();
  std::shared_ptr<std::atomic<bool>> draining_ = std::make_shared<std::atomic<bool>>(false);
  std::shared_ptr<metrics> meter_ = std::make_shared<metrics>();
  builds_service service_{*system_, board_, stream_house{draining_, meter_, false}};
  std::vector<build_record> shown_;
  std::unique_ptr<grpc_server> server_;
};

} // namespace ib::test
