#include "gateway/ready_builds.hpp"
#include "tests/gateway/byte_buffers.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace ib;
using namespace ib::test;

namespace {

/// A running build, and its answer as it was made when somebody asked last.
struct fixture {
  std::shared_ptr<build_channel> channel = std::make_shared<build_channel>(build_identity{}, 0);
  ready_builds ready;

  fixture() { say("starting"); }
  void say(const std::string& message, build_status status = build_status::running) const {
    channel->publish({status, message});
  }
  void keep(const std::string& answer, const std::string& request = "b1") {
    ready.keep(buffer_of(request), channel, view_of(*channel), buffer_of(answer));
  }
  std::string answer(const std::string& request = "b1") const {
    auto found = ready.find(buffer_of(request));
    if (!found) return "none";
    return text_of(*found);
  }
};

} // namespace

TEST_CASE_METHOD(fixture, "an answer is given again while nothing changes of its build", "[ready]") {
  CHECK(answer() == "none");
  keep("first");
  CHECK(answer() == "first");
  CHECK(answer("b2") == "none");
  SECTION("a step") { say("building"); }
  SECTION("a log that grows") { channel->log().append("line\n"); }
  SECTION("the end") { say("", build_status::success); }
  SECTION("an end that was not told yet") { channel->log().close(); }
  SECTION("a build that nobody knows any more") { channel.reset(); }
  CHECK(answer() == "none");
}

TEST_CASE_METHOD(fixture, "an answer that was made before a change is not given after it", "[ready]") {
  const auto before = view_of(*channel);
  say("building");
  ready.keep(buffer_of("b1"), channel, before, buffer_of("late"));
  CHECK(answer() == "none");
  keep("second");
  CHECK(answer() == "second");
}

TEST_CASE_METHOD(fixture, "of a build that has ended, and of long requests, nothing is kept", "[ready]") {
  keep("long", std::string(1000, 'x'));
  CHECK(answer(std::string(1000, 'x')) == "none");
  say("", build_status::success);
  keep("ended");
  CHECK(answer() == "none");
}
