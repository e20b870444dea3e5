#include "actors/engine/wsman_faults.hpp"

#include "actors/io/fault_injector.hpp"
#include "tests/actors/wsman/engine_fixture.hpp"

#include <catch2/catch.hpp>

#include <future>

using namespace ib;
using namespace ib::test;
using namespace std::chrono_literals;

namespace {

struct faulty_house {
  faulty_house() {
    auto scripted = std::make_shared<scripted_manager>();
    inner = scripted.get();
    manager = make_faulty_manager(std::move(scripted), faults);
  }
  std::optional<result<void>> stop(const std::string& id) {
    std::optional<result<void>> answer;
    manager->stop(id, [&](result<void> outcome) { answer = std::move(outcome); });
    return answer;
  }

  std::shared_ptr<io::fault_injector> faults =
      std::make_shared<io::fault_injector>(std::make_shared<io::actor_board>());
  scripted_manager* inner = nullptr;
  std::shared_ptr<workspace_manager> manager;
};

} // namespace

TEST_CASE("a call of ws-manager that is to fail does not reach it", "[wsman][faults]") {
  faulty_house house;
  house.faults->plan(io::fault_place::wsman, 1, {0ms, error{error_code::unavailable, "on strike", "", {}}});
  auto answer = house.stop("b1");
  REQUIRE(answer);
  REQUIRE_FALSE(*answer);
  CHECK(answer->error().message == "on strike");
  CHECK(house.inner->asked.empty());
  CHECK_FALSE(house.stop("b1"));
  CHECK(house.inner->asked == std::vector<std::string>{"stop b1"});
}

TEST_CASE("a call of ws-manager that is late comes all the same", "[wsman][faults]") {
  faulty_house house;
  house.faults->plan(io::fault_place::wsman, 1, {5ms, error{error_code::unavailable, "late", "", {}}});
  std::promise<std::string> answer;
  house.manager->describe("b1", [&](result<workspace_status> status) {
    answer.set_value(status ? "a status" : status.error().message);
  });
  CHECK(answer.get_future().get() == "late");
}

TEST_CASE("a late call of ws-manager is answered when it is closed", "[wsman][faults]") {
  faulty_house house;
  house.faults->plan(io::fault_place::wsman, 1, {1h, std::nullopt});
  std::optional<error_code> code;
  house.manager->list([&](result<std::vector<workspace_status>> all) { code = all.error().code; });
  house.manager->close();
  CHECK(code == error_code::cancelled);
}
