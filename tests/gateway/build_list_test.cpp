#include "gateway/build_list.hpp"
#include "gateway/wire.hpp"

#include <image-builder-api/imgbuilder.pb.h>

#include <catch2/catch.hpp>

#include <functional>
#include <string>
#include <thread>
#include <vector>

using namespace ib;

namespace {

std::vector<std::string> listed(const build_list& list) {
  builder::ListBuildsResponse response;
  if (!parse(list.answer(), response)) return {"no list"};
  std::vector<std::string> ids;
  for (const auto& build : response.builds())
    ids.push_back(build.build_id());
  return ids;
}

channel_ptr channel_of(const std::string& id) {
  build_identity identity;
  identity.build_id = id;
  return std::make_shared<build_channel>(identity, 0);
}

/// Asks on threads of all stripes.
void on_all_stripes(const std::function<std::vector<std::string>()>& ask,
                    const std::vector<std::string>& expected) {
  for (size_t i = 0; i < striped<int>::stripes; ++i) {
    std::vector<std::string> found;
    std::thread([&] { found = ask(); }).join();
    CHECK(found == expected);
  }
}

} // namespace

TEST_CASE("who has been told that a build ended does not find it among the running ones", "[list]") {
  auto board = std::make_shared<running_builds_board>();
  auto first = channel_of("b1");
  running_builds now;
  now.add(first);
  now.add(channel_of("b2"));
  board->publish(now);
  build_list list(board, false);
  CHECK(listed(list) == std::vector<std::string>{"b1", "b2"});
  first->publish({build_status::success, ""});
  CHECK(listed(list) == std::vector<std::string>{"b2"});
}

TEST_CASE("the list is the newest one on whatever thread it is asked for", "[list]") {
  auto board = std::make_shared<running_builds_board>();
  build_list list(board, false);
  on_all_stripes([&] { return listed(list); }, {});
  running_builds now;
  auto first = channel_of("b1");
  now.add(first);
  board->publish(now);
  on_all_stripes([&] { return listed(list); }, {"b1"});
  first->publish({build_status::failure, ""});
  on_all_stripes([&] { return listed(list); }, {});
}

TEST_CASE("a list of any length is told whole, and the place of a log once it is known", "[list]") {
  const int count = GENERATE(1, 10'000);
  auto board = std::make_shared<running_builds_board>();
  running_builds now;
  for (int i = 0; i < count; ++i)
    now.add(channel_of("b" + std::to_string(i)));
  board->publish(now);
  build_list list(board, true);
  auto urls = [&] {
    builder::ListBuildsResponse response;
    REQUIRE(parse(list.answer(), response));
    CHECK(response.builds_size() == count);
    std::vector<std::string> found;
    for (const auto& build : response.builds())
      if (build.has_log_info()) found.push_back(build.log_info().url());
    return found;
  };
  CHECK(urls().empty());
  CHECK(urls().empty());
  CHECK((list.answer().Length() > (64 << 10)) ==
        (count > 1)); // what is copied for each stripe, and what is not
  now.channels().back()->publish_access(
      std::make_shared<const log_access>(log_access{"https://log", "token"}));
  CHECK(urls() == std::vector<std::string>{"https://log"});
}
