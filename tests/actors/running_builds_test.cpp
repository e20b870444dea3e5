#include "actors/running_builds.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <random>

using namespace ib;

namespace {

channel_ptr a_build(int number, int64_t created_ms) {
  build_identity who;
  who.build_id = "build-" + std::to_string(number);
  who.workspace_ref = "registry.example/ws:" + std::to_string(number);
  who.created_ms = created_ms;
  return std::make_shared<build_channel>(who, 0);
}

} // namespace

TEST_CASE("a running build is found by its id and its reference, until it is removed", "[running]") {
  running_builds list;
  CHECK(list.find("build-1") == nullptr);
  CHECK(list.find_reference("registry.example/ws:1") == nullptr);
  std::vector<channel_ptr> builds;
  for (int i = 0; i < 100; ++i)
    builds.push_back(a_build(i, i));
  std::shuffle(builds.begin(), builds.end(), std::mt19937(7));
  for (const auto& build : builds)
    list.add(build);
  const auto before = list;
  for (size_t i = 0; i < 50; ++i)
    list.remove(builds[i]->identity().build_id);
  list.remove("nobody");
  for (size_t i = 0; i < builds.size(); ++i) {
    const auto& who = builds[i]->identity();
    auto expected = i < 50 ? nullptr : builds[i];
    CHECK(list.find(who.build_id) == expected);
    CHECK(list.find_reference(who.workspace_ref) == expected);
    // What was published before stays as it was.
    CHECK(before.find(who.build_id) == builds[i]);
  }
  CHECK(list.channels().size() == 50);
}

TEST_CASE("running builds are listed the oldest first, those of one moment as they came", "[running]") {
  running_builds list;
  for (auto [number, created_ms] : {std::pair(1, 30), {2, 10}, {3, 30}, {4, 20}})
    list.add(a_build(number, created_ms));
  std::string order;
  for (const auto& channel : list.channels())
    order += channel->identity().build_id.back();
  CHECK(order == "2413");
}
