#include "actors/engine/local.hpp"

#include "tests/actors/fakes.hpp"

#include <catch2/catch.hpp>

using namespace ib;
using namespace ib::test;

namespace {

/// The local engine before its probe of the tools has answered; the probe itself is not started.
local_engine_impl::behavior_type
probing_engine(local_engine_impl::stateful_pointer<local_engine_state> self) {
  auto* work = &self->state.work;
  return {
      [work](const start_run& order) { return work->start(order); },
      [work](const attach_run& wish) { return work->attach(wish); },
      [work](const stop_run& wish) { work->stop(wish); },
      [work](const tools_probed& answer) { work->probed(answer); },
  };
}

struct engine_house : house_fixture {
  engine_house() {
    engine = keep(system().spawn(probing_engine));
    run();
  }
  local_engine_impl engine;
};

} // namespace

TEST_CASE("a run that is stopped before the tools are known never begins", "[engine]") {
  engine_house house;
  auto handle = house.ask<run_handle>(house.engine, start_run{make_plan("b1", "r/ws:1"), 1});
  house.run();
  CHECK_FALSE(handle->answer);
  house.tell(house.engine, stop_run{"b1"});
  REQUIRE(handle->answer);
  REQUIRE_FALSE(handle->answer->run);
  CHECK(handle->answer->run.error().code == error_code::cancelled);
  auto before = house.living();
  house.tell(house.engine, tools_probed{build_tools{}});
  CHECK(house.living() == before);
}

TEST_CASE("a run that never was cannot be attached to, and stopping it harms nobody", "[engine]") {
  engine_house house;
  house.tell(house.engine, stop_run{"b1"});
  auto handle = house.ask<run_handle>(house.engine, attach_run{"b1", 1});
  house.run();
  REQUIRE(handle->answer);
  REQUIRE_FALSE(handle->answer->run);
  CHECK(handle->answer->run.error().code == error_code::not_found);
}
