#include "tests/gateway/stream_fixture.hpp"

using namespace ib;
using namespace ib::test;

TEST_CASE("a build's stream begins with full information, at once", "[stream]") {
  served place;
  build_call call(place);
  auto first = call.next();
  CHECK(first.status() == builder::running);
  CHECK(first.ref() == "registry.example/ws:1");
  CHECK(first.base_ref() == "registry.example/base:1");
  CHECK(first.info().build_id() == "b1");
  CHECK(first.info().ref() == "registry.example/ws:1");
  CHECK(first.info().base_ref() == "registry.example/base:1");
  CHECK(first.info().status() == builder::running);
  CHECK(first.info().started_at() == 1'700'000'000);
  CHECK(first.info().log_info().url() == "http://127.0.0.1:1/logs/b1");
  CHECK(first.info().log_info().headers().at("x-gitpod-owner-token") == "owner-token");
  place.publish(build_status::failure, "build failed: no");
  auto last = call.next();
  CHECK(last.status() == builder::done_failure);
  CHECK(last.message() == "build failed: no");
  CHECK(last.info().status() == builder::done_failure);
  CHECK(call.at_end());
  CHECK(call.finish().ok());
}

TEST_CASE("each update of a build comes in order, to early and late watchers", "[stream]") {
  served place;
  build_call early(place);
  CHECK(early.next().message() == "accepted");
  place.wait_until_parked();
  place.publish(build_status::running, "cloning");
  CHECK(early.next().message() == "cloning");
  place.publish(build_status::running, "building");
  build_call late(place);
  CHECK(late.next().message() == "accepted");
  CHECK(late.next().message() == "cloning");
  place.publish(build_status::success, "");
  for (auto* call : {&early, &late}) {
    CHECK(call->next().message() == "building");
    CHECK(call->next().status() == builder::done_success);
    CHECK(call->at_end());
    CHECK(call->finish().ok());
  }
}

TEST_CASE("who joins a build is told how it stands, then each update", "[stream]") {
  served place;
  build_call first_to_join(place, "joining");
  CHECK(first_to_join.next().message() == "accepted");
  place.publish(build_status::running, "cloning");
  place.publish(build_status::running, "building");
  build_call call(place, "joining");
  auto first = call.next();
  CHECK(first.status() == builder::running);
  CHECK(first.message() == "building");
  CHECK(first.info().build_id() == "b1");
  CHECK(first.info().log_info().headers().at("x-gitpod-owner-token") == "owner-token");
  place.publish(build_status::running, "pushing");
  CHECK(call.next().message() == "pushing");
  place.publish(build_status::success, "");
  CHECK(call.next().status() == builder::done_success);
  CHECK(call.at_end());
  CHECK(call.finish().ok());
}

TEST_CASE("who joins a build that has just ended is told where its log is, and the end", "[stream]") {
  served place;
  place.publish(build_status::running, "building");
  place.publish(build_status::failure, "build failed: no");
  build_call call(place, "joining");
  auto first = call.next();
  CHECK(first.status() == builder::running);
  CHECK(first.message() == "building");
  CHECK(first.info().log_info().url() == "http://127.0.0.1:1/logs/b1");
  CHECK(call.next().status() == builder::done_failure);
  CHECK(call.at_end());
  CHECK(call.finish().ok());
}

TEST_CASE("no watcher misses an update that is published in another thread", "[stream]") {
  constexpr int updates = 1'000;
  served place;
  std::vector<std::vector<std::string>> seen(4);
  std::vector<std::thread> threads;
  for (auto& mine : seen)
    threads.emplace_back([&] {
      build_call call(place);
      builder::BuildResponse response;
      while (call.reader->Read(&response))
        mine.push_back(response.message());
      if (!call.finish().ok()) mine.emplace_back("the call failed");
    });
  std::vector<std::string> expected{"accepted"};
  for (int i = 1; i <= updates; ++i) {
    expected.push_back(std::to_string(i));
    if (i % 50 == 0) place.wait_until_parked();
    place.publish(i == updates ? build_status::success : build_status::running, std::to_string(i));
  }
  for (auto& thread : threads)
    thread.join();
  for (const auto& mine : seen)
    CHECK(mine == expected);
}

TEST_CASE("an image that exists is answered once", "[stream]") {
  served place;
  build_call call(place, "existing");
  auto only = call.next();
  CHECK(only.status() == builder::done_success);
  CHECK(only.ref() == "registry.example/ws:1");
  CHECK(only.base_ref() == "registry.example/base:1");
  CHECK(call.at_end());
  CHECK(call.finish().ok());
}

TEST_CASE("a list of builds carries no secret", "[stream]") {
  build_channel channel(identity(), 0);
  CHECK(build_info(channel, false).log_info().headers().empty());
  CHECK(build_info(channel, false).status() == builder::running);
  channel.publish({build_status::success, ""});
  CHECK(build_info(channel, false).status() == builder::done_success);
}
