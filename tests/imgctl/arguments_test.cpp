#include "tools/imgctl/flags.hpp"

#include <catch2/catch.hpp>

using namespace ib::imgctl;

namespace {

command_line accepted(const std::vector<std::string>& arguments) {
  auto parsed = parse_arguments(arguments);
  if (const auto* ended = std::get_if<early_exit>(&parsed)) FAIL(ended->text);
  return std::get<command_line>(parsed);
}

early_exit refused(const std::vector<std::string>& arguments) {
  auto parsed = parse_arguments(arguments);
  REQUIRE(std::holds_alternative<early_exit>(parsed));
  return std::get<early_exit>(parsed);
}

} // namespace

TEST_CASE("each command is recognised") {
  CHECK(accepted({"build", "--ref", "a"}).verb == command::build);
  CHECK(accepted({"logs", "-f", "id"}).verb == command::logs);
  CHECK(accepted({"list"}).verb == command::list);
  CHECK(accepted({"show", "id"}).show.target == "id");
  CHECK(accepted({"cancel", "id", "--reason", "two words"}).cancel.reason == "two words");
  CHECK(accepted({"resolve", "base", "alpine"}).verb == command::resolve_base);
  CHECK(accepted({"resolve", "workspace", "--ref", "a"}).verb == command::resolve_workspace);
  CHECK(accepted({"actors", "builds/", "--watch"}).actors.match == "builds/");
  CHECK(accepted({"top", "--once"}).top.once);
  CHECK(accepted({"doctor"}).verb == command::doctor);
  CHECK(accepted({"version"}).verb == command::version);
  CHECK(accepted({"completion", "fish"}).shell == "fish");
}

TEST_CASE("global flags are taken before and after the command") {
  CHECK(accepted({"--address", "h:1", "list"}).global.address == "h:1");
  const auto line = accepted({"resolve", "base", "alpine", "--address=h:1", "--json", "--no-color"});
  CHECK(line.global.address == "h:1");
  CHECK(accepted({"top", "--ca=ca", "--debug-address", "h:2", "--config", "f"}).global.debug == "h:2");
  CHECK(line.global.json);
  CHECK(line.global.no_color);
  CHECK(line.resolve_base.ref == "alpine");
}

TEST_CASE("the filters of a list belong to --all") {
  const auto line = accepted(
      {"list", "--all", "--state", "FAILED,QUEUED", "--state", "building", "--since", "2h", "--limit", "0"});
  CHECK(line.list.states == std::vector<std::string>{"FAILED", "QUEUED", "building"});
  CHECK(line.list.since == "2h");
  CHECK(line.list.limit == 0);
  CHECK(refused({"list", "--state", "FAILED"}).code == exit_code::usage);
  CHECK(refused({"list", "--all", "--limit", "-1"}).code == exit_code::usage);
  CHECK(refused({"logs", "id", "--offset", "-1"}).code == exit_code::usage);
  CHECK(refused({"cancel"}).code == exit_code::usage);
}

TEST_CASE("a build id that is spelled like a command is still an id") {
  CHECK(accepted({"logs", "list"}).logs.target == "list");
}

TEST_CASE("wrong usage ends with exit code 2 and points to the help of the command") {
  for (const auto& arguments :
       std::vector<std::vector<std::string>>{{"build", "--git", "u", "--ref", "a"},
                                             {"build", "--source", "f", "--ref", "a"},
                                             {"build", "--ref", "a", "--branch", "b"},
                                             {"build", "--git", "u", "--branch", "b", "--commit", "c"},
                                             {"build", "--git", "u", "--git-password-env", "V"},
                                             {"build", "--ref", "a", "--auth-all", "--allow", "d"},
                                             {"build", "--ref", "a", "--detach", "--quiet"},
                                             {"build", "--bogus"}}) {
    const auto ended = refused(arguments);
    CHECK(ended.code == exit_code::usage);
    CHECK(ended.text.find("see imgctl build --help") != std::string::npos);
  }
  CHECK(refused({}).code == exit_code::usage);
  CHECK(refused({"logs"}).code == exit_code::usage);
  CHECK(refused({"resolve"}).text.find("see imgctl resolve --help") != std::string::npos);
  CHECK(refused({"completion", "tcsh"}).code == exit_code::usage);
}

TEST_CASE("help of every command has examples and is no failure") {
  for (const auto& arguments : std::vector<std::vector<std::string>>{{"--help"},
                                                                     {"build", "--help"},
                                                                     {"logs", "--help"},
                                                                     {"list", "--help"},
                                                                     {"show", "--help"},
                                                                     {"cancel", "--help"},
                                                                     {"resolve", "--help"},
                                                                     {"resolve", "base", "--help"},
                                                                     {"resolve", "workspace", "--help"},
                                                                     {"actors", "--help"},
                                                                     {"top", "--help"},
                                                                     {"doctor", "--help"},
                                                                     {"version", "--help"},
                                                                     {"completion", "--help"}}) {
    const auto ended = refused(arguments);
    CHECK(ended.code == exit_code::success);
    CHECK(ended.text.find("Examples:\n  ") != std::string::npos);
    CHECK(ended.text.find("--address") != std::string::npos);
  }
}
