#include "config/state_directory.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <string>
#include <vector>

using ib::config::default_state_directory;

TEST_CASE("the state directory follows the environment and the user") {
  struct row {
    std::map<std::string, std::string> environment;
    unsigned user;
    std::string directory;
  };
  const std::vector<row> rows{
      {{{"XDG_STATE_HOME", "/x/state"}, {"HOME", "/home/a"}}, 1000, "/x/state/image-builder"},
      {{{"XDG_STATE_HOME", "/x/state//"}}, 1000, "/x/state/image-builder"},
      {{{"XDG_STATE_HOME", "/x/state"}, {"HOME", "/root"}}, 0, "/x/state/image-builder"},
      {{{"HOME", "/root"}}, 0, "/var/lib/image-builder"},
      {{}, 0, "/var/lib/image-builder"},
      {{{"HOME", "/home/a"}}, 1000, "/home/a/.local/state/image-builder"},
      {{{"XDG_STATE_HOME", ""}, {"HOME", "/home/a"}}, 1000, "/home/a/.local/state/image-builder"},
      {{{"XDG_STATE_HOME", "state"}, {"HOME", "/home/a/"}}, 1000, "/home/a/.local/state/image-builder"},
      {{{"XDG_STATE_HOME", "/"}}, 1000, "/image-builder"}};
  for (const auto& r : rows) {
    auto found = default_state_directory(r.environment, r.user);
    REQUIRE(found.has_value());
    CHECK(*found == r.directory);
  }
}

TEST_CASE("a user without a home is told what to set") {
  for (const std::map<std::string, std::string>& environment :
       {std::map<std::string, std::string>{}, {{"HOME", "relative"}}, {{"HOME", ""}}}) {
    auto found = default_state_directory(environment, 1000);
    REQUIRE_FALSE(found.has_value());
    CHECK(found.error().code == ib::error_code::failed_precondition);
    CHECK_THAT(found.error().message, Catch::Contains("local.stateDirectory"));
  }
}
