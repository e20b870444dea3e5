#include "gateway/build_list.hpp"
#include "gateway/wire.hpp"

#include <image-builder-api/imgbuilder.pb.h>

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace ib;

namespace {

std::vector<std::string> listed(const build_list& list) {
  builder::ListBuildsResponse response;
  auto bytes = list.answer();
  REQUIRE(parse(bytes, response));
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
