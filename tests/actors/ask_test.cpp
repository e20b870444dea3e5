#include "actors/ask.hpp"

#include "tests/actors/house_fixture.hpp"

#include <caf/detail/test_actor_clock.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/typed_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <catch2/catch.hpp>

#include <string>

using namespace ib;
using namespace ib::test;

namespace {

using oracle =
    caf::typed_actor<caf::replies_to<int>::with<std::string>, caf::replies_to<std::string>::with<void>,
                     caf::replies_to<double>::with<std::string>>;

/// Answers numbers, hears words, and leaves fractions without an answer.
oracle::behavior_type wise(oracle::pointer self) {
  return {[](int n) { return std::to_string(n); }, [](const std::string&) {},
          [self](double) {
            auto never = self->make_response_promise<std::string>();
            return never;
          }};
}

/// Asks `question` and notes what comes.
template <class Answer, class Question, class Note>
void ask_once(house_fixture& house, const oracle& whom, Question question, Note note) {
  house.keep(house.system().spawn([=](caf::event_based_actor* self) -> caf::behavior {
    take_answer<Answer>(self, self->request(whom, std::chrono::seconds(30), question), note,
                        [note](const caf::error& why) {
                          if constexpr (std::is_void_v<Answer>)
                            note();
                          else
                            note(why == caf::sec::request_timeout ? "too late" : "gone");
                        });
    return {[](const caf::unit_t&) {}};
  }));
}

size_t deadlines(house_fixture& house) { return house.scheduler().clock().schedule().size(); }

} // namespace

TEST_CASE("an answer is taken and its deadline goes", "[ask]") {
  house_fixture house;
  auto whom = house.keep(house.system().spawn(wise));
  std::string heard;
  ask_once<std::string>(house, whom, 7, [&](const std::string& answer) { heard = answer; });
  house.run();
  CHECK(heard == "7");
  CHECK(deadlines(house) == 0);
  house.advance(std::chrono::minutes(1));
  CHECK(heard == "7");
}

TEST_CASE("that something was heard is an answer without words", "[ask]") {
  house_fixture house;
  auto whom = house.keep(house.system().spawn(wise));
  int times = 0;
  ask_once<void>(house, whom, std::string("hello"), [&] { ++times; });
  house.run();
  CHECK(times == 1);
  CHECK(deadlines(house) == 0);
}

TEST_CASE("a question that nobody answers ends at its deadline", "[ask]") {
  house_fixture house;
  auto whom = house.keep(house.system().spawn(wise));
  std::string heard;
  ask_once<std::string>(house, whom, 0.5, [&](const std::string& answer) { heard = answer; });
  house.run();
  CHECK(deadlines(house) == 1);
  house.advance(std::chrono::seconds(31));
  CHECK(heard == "too late");
  CHECK(deadlines(house) == 0);
}

TEST_CASE("a question to who is gone ends at once", "[ask]") {
  house_fixture house;
  auto whom = house.keep(house.system().spawn(wise));
  house.crash(whom);
  std::string heard;
  ask_once<std::string>(house, whom, 7, [&](const std::string& answer) { heard = answer; });
  house.run();
  CHECK(heard == "gone");
  CHECK(deadlines(house) == 0);
}
