#include "gateway/build_list.hpp"
#include "tests/gateway/stream_fixture.hpp"

using namespace ib;
using namespace ib::test;

// Where a build's log is becomes known once its run has begun: as with ws-manager.

namespace {

/// Its streams are told late where the log is.
struct late : served {
  late() : served(0, true) {}
};

std::string log_of(const builder::BuildResponse& response) {
  const auto& info = response.info().log_info();
  auto token = info.headers().find("x-gitpod-owner-token");
  return info.url() + " " + (token == info.headers().end() ? "" : token->second);
}

std::string list_of(const build_list& list) {
  builder::ListBuildsResponse response;
  auto bytes = list.answer();
  REQUIRE(parse(bytes, response));
  REQUIRE(response.builds_size() == 1);
  CHECK(response.builds(0).log_info().headers().empty());
  return response.builds(0).has_log_info() ? response.builds(0).log_info().url() : "none";
}

} // namespace

TEST_CASE("a first response waits for the place of the log", "[stream]") {
  late place;
  build_call call(place);
  place.wait_until_parked();
  place.publish_access("https://b1.example", "late-token");
  auto first = call.next();
  CHECK(first.status() == builder::running);
  CHECK(first.message() == "accepted");
  CHECK(log_of(first) == "https://b1.example late-token");
  place.publish(build_status::success, "");
  auto last = call.next();
  CHECK(last.status() == builder::done_success);
  CHECK(log_of(last) == "https://b1.example late-token");
  CHECK(call.at_end());
}

TEST_CASE("a first response does not wait for ever, and another tells where the log is", "[stream]") {
  late place;
  place.publish(build_status::running, "starting");
  build_call call(place);
  auto first = call.next();
  CHECK(first.message() == "accepted");
  CHECK_FALSE(first.info().has_log_info());
  auto second = call.next();
  CHECK(second.message() == "starting");
  CHECK_FALSE(second.info().has_log_info());
  place.wait_until_parked();
  place.publish_access("https://b1.example", "late-token");
  auto third = call.next();
  CHECK(third.status() == builder::running);
  CHECK(third.message() == "starting");
  CHECK(log_of(third) == "https://b1.example late-token");
  place.wait_until_parked();
  place.publish_access("https://b1.example", "newer-token");
  CHECK(log_of(call.next()) == "https://b1.example newer-token");
  place.publish(build_status::failure, "build failed: no");
  CHECK(call.next().status() == builder::done_failure);
  CHECK(call.at_end());
}

TEST_CASE("a build that ends before its log has a place tells our own before its end", "[stream]") {
  late place;
  build_call call(place);
  place.wait_until_parked();
  place.publish(build_status::failure, "no place in the cluster");
  auto first = call.next();
  CHECK(first.status() == builder::running);
  CHECK(log_of(first) == "http://127.0.0.1:1/logs/b1 owner-token");
  auto last = call.next();
  CHECK(last.status() == builder::done_failure);
  CHECK(last.message() == "no place in the cluster");
  CHECK(call.at_end());

  late other;
  build_call slow(other);
  CHECK_FALSE(slow.next().info().has_log_info());
  other.publish(build_status::failure, "no place in the cluster");
  auto before = slow.next();
  CHECK(before.status() == builder::running);
  CHECK(log_of(before) == "http://127.0.0.1:1/logs/b1 owner-token");
  CHECK(slow.next().status() == builder::done_failure);
  CHECK(slow.at_end());
}

TEST_CASE("a client that leaves while its first response waits is let go", "[stream]") {
  late place;
  build_call call(place);
  place.wait_until_parked();
  call.context.TryCancel();
  CHECK_FALSE(call.finish().ok());
}

TEST_CASE("a list of builds tells where a log is as soon as it is known", "[stream]") {
  auto board = std::make_shared<running_builds_board>();
  auto channel = std::make_shared<build_channel>(identity(), 0);
  running_builds now;
  now.add(channel);
  board->publish(now);
  build_list list(board, true);
  CHECK(list_of(list) == "none");
  channel->publish_access(std::make_shared<const log_access>(log_access{"https://b1.example", "late-token"}));
  CHECK(list_of(list) == "https://b1.example");
  CHECK(list_of(build_list(board, false)) == "https://b1.example");
}
