#include "actors/house.hpp"

#include "tests/actors/house_fixture.hpp"
#include "tests/support/metric_values.hpp"

#include <caf/scoped_actor.hpp>
#include <catch2/catch.hpp>

using namespace ib;
using namespace ib::test;
using namespace std::chrono_literals;

namespace {

using diary = std::shared_ptr<std::vector<std::string>>;

struct a_house : house_fixture {
  /// The names of its children are the house's own to erase.
  ~a_house() { close(); }
  child_spec child(caf::atom_value name) {
    auto called = caf::to_string(name);
    return {
        name,
        [called, book = book](caf::actor_system& system) {
          book->push_back("start " + called);
          auto actor = system.spawn(
              [](caf::event_based_actor* self, const std::string& who, const diary& notes) -> caf::behavior {
                self->attach_functor([who, notes] { notes->push_back("end " + who); });
                return {[](int) {}};
              },
              called, book);
          return caf::actor_cast<caf::strong_actor_ptr>(actor);
        },
        vital};
  }
  void open(restart_limits limits = {}) {
    open(limits, {child(names::journal), child(names::engine), child(names::director)});
  }
  void open(restart_limits limits, std::vector<child_spec> children) {
    root = keep(system().spawn(house, std::move(children), limits, health, meter));
    run();
  }
  caf::strong_actor_ptr actor(caf::atom_value name) { return system().registry().get(name); }
  void close() { tell(root, stop_house{}); }

  std::shared_ptr<service_health> health = std::make_shared<service_health>();
  bool vital = true;
  std::shared_ptr<metrics> meter = std::make_shared<metrics>();
  diary book = std::make_shared<std::vector<std::string>>();
  caf::actor root;
};

using notes = std::vector<std::string>;

} // namespace

TEST_CASE("a house answers once its actors are there", "[house]") {
  a_house place;
  place.root = place.keep(place.system().spawn(house, std::vector<child_spec>{place.child(names::gateway)},
                                               restart_limits{}, place.health, place.meter));
  caf::scoped_actor caller(place.system());
  auto question = caller->request(place.root, 60s, await_house{});
  CHECK(place.actor(names::gateway) == nullptr);
  place.run();
  bool there = false;
  question.receive([&] { there = place.actor(names::gateway) != nullptr; }, [](const caf::error&) {});
  CHECK(there);
}

TEST_CASE("a house starts its actors in order and ends them in reverse", "[house]") {
  a_house place;
  place.open();
  CHECK(*place.book == notes{"start journal", "start engine", "start director"});
  place.book->clear();
  place.close();
  CHECK(*place.book == notes{"end director", "end engine", "end journal"});
  CHECK(has_ended(place.root));
  CHECK_FALSE(place.actor(names::journal));
}

TEST_CASE("a crashed actor is started again in its place, and no other notices", "[house]") {
  a_house place;
  place.open();
  auto first = place.actor(names::engine);
  auto other = place.actor(names::director);
  place.crash(first);
  place.advance(0ms);
  CHECK(place.actor(names::engine));
  CHECK(place.actor(names::engine) != first);
  CHECK(place.actor(names::director) == other);
  CHECK(value_of(*place.meter, "image_builder_actor_restarts_total{actor=\"engine\",cause=\"kill\"}") == 1);
  CHECK(value_of(*place.meter, "image_builder_actor_restarts_total{actor=\"director\",cause=\"crash\"}") ==
        0);
  place.book->clear();
  place.close();
  CHECK(*place.book == notes{"end director", "end engine", "end journal"});
}

TEST_CASE("between a crash and the restart nobody has the name", "[house]") {
  a_house place;
  restart_limits limits;
  limits.first_delay_ms = 100;
  place.open(limits);
  CHECK(place.health->is_ready());
  place.crash(place.actor(names::engine));
  CHECK_FALSE(place.actor(names::engine));
  CHECK(place.health->read()->count("engine") == 1);
  place.advance(99ms);
  CHECK_FALSE(place.actor(names::engine));
  place.advance(1ms);
  CHECK(place.actor(names::engine));
  CHECK(place.health->is_ready());
}

TEST_CASE("an actor that is not vital may be away while the service is ready", "[house]") {
  a_house place;
  place.vital = false;
  restart_limits limits;
  limits.first_delay_ms = 100;
  place.open(limits);
  place.crash(place.actor(names::engine));
  CHECK_FALSE(place.actor(names::engine));
  CHECK(place.health->is_ready());
}

TEST_CASE("an actor that crashes too often is started again at the longest delay", "[house]") {
  a_house place;
  restart_limits limits{2, 60'000, 0, 100, 5'000};
  place.open(limits);
  for (int i = 0; i < 2; ++i) {
    place.crash(place.actor(names::engine));
    place.advance(100ms);
    REQUIRE(place.actor(names::engine));
  }
  place.crash(place.actor(names::engine));
  place.advance(4'999ms);
  CHECK_FALSE(place.actor(names::engine));
  place.advance(1ms);
  CHECK(place.actor(names::engine));
}

TEST_CASE("a house that closes while an actor is down does not start it again", "[house]") {
  a_house place;
  restart_limits limits;
  limits.first_delay_ms = 100;
  place.open(limits);
  place.crash(place.actor(names::engine));
  place.close();
  place.advance(1s);
  CHECK_FALSE(place.actor(names::engine));
  CHECK(place.book->back() == "end journal");
}

TEST_CASE("a house ends one actor after another, and with each those it supervised", "[house]") {
  a_house place;
  auto spec = place.child(names::engine);
  spec.end_orphans = [book = place.book] { book->push_back("end orphans of engine"); };
  place.open({}, {place.child(names::journal), spec, place.child(names::director)});
  place.book->clear();
  SECTION("while all live") {
    place.close();
    CHECK(*place.book == notes{"end director", "end engine", "end orphans of engine", "end journal"});
  }
  SECTION("also where it is down at that moment") {
    place.crash(place.actor(names::engine));
    place.close();
    CHECK(*place.book == notes{"end engine", "end director", "end orphans of engine", "end journal"});
  }
}

TEST_CASE("an actor that does not end in time holds nobody up", "[house]") {
  a_house place;
  auto spec = place.child(names::engine);
  spec.start = [](caf::actor_system& system) {
    auto deaf = system.spawn([](caf::event_based_actor* self) -> caf::behavior {
      self->set_exit_handler([](caf::exit_msg&) {});
      return {[self](int) { self->quit(); }};
    });
    return caf::actor_cast<caf::strong_actor_ptr>(deaf);
  };
  place.open({}, {place.child(names::journal), spec, place.child(names::director)});
  auto deaf = caf::actor_cast<caf::actor>(place.actor(names::engine));
  place.close();
  CHECK(place.book->back() == "end director");
  place.advance(end_patience);
  CHECK(place.book->back() == "end journal");
  CHECK(has_ended(place.root));
  place.tell(deaf, 1);
}

TEST_CASE("a closed house leaves no actor behind", "[house]") {
  a_house place;
  auto before = place.living();
  place.open();
  CHECK(place.living() == before + 4);
  place.close();
  CHECK(place.living() == before);
}
