#include "tests/imgctl/support.hpp"
#include "tools/imgctl/flags.hpp"
#include "tools/imgctl/logs_request.hpp"
#include "tools/imgctl/request.hpp"

#include <catch2/catch.hpp>

using namespace ib::imgctl;
using testing::temporary_file;

namespace {

std::optional<std::string> variables(const std::string& name) {
  return name == "GIT_TOKEN" ? std::optional<std::string>("s3cret") : std::nullopt;
}

outcome<builder::BuildRequest> request_of(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "build");
  auto parsed = parse_arguments(arguments);
  if (const auto* ended = std::get_if<early_exit>(&parsed)) return failure{ended->code, ended->text};
  return make_build_request(std::get<command_line>(parsed).build, variables);
}

builder::BuildRequest good(const std::vector<std::string>& arguments) {
  auto request = request_of(arguments);
  if (!request) FAIL(request.why().message);
  return *request;
}

failure bad(const std::vector<std::string>& arguments) {
  auto request = request_of(arguments);
  REQUIRE_FALSE(request);
  return request.why();
}

} // namespace

TEST_CASE("a reference alone asks for a build from that image and nothing else") {
  const auto request = good({"--ref", "alpine:3.19"});
  builder::BuildRequest expected;
  expected.mutable_source()->mutable_ref()->set_ref("alpine:3.19");
  CHECK(request.SerializeAsString() == expected.SerializeAsString());
}

TEST_CASE("a git source carries branch, paths and their defaults") {
  const auto request = good({"--git", "https://h/r.git", "--branch", "main", "--context", "sub"});
  const auto& file = request.source().file();
  CHECK(file.dockerfile_path() == "Dockerfile");
  CHECK(file.context_path() == "sub");
  CHECK(file.source().git().remote_uri() == "https://h/r.git");
  CHECK(file.source().git().target_mode() == contentservice::REMOTE_BRANCH);
  CHECK(file.source().git().clone_taget() == "main");
  CHECK_FALSE(file.source().git().has_config());
}

TEST_CASE("a commit and a missing branch choose their clone modes") {
  const auto with_commit = good({"--git", "u", "--commit", "abc"}).source().file().source().git();
  CHECK(with_commit.target_mode() == contentservice::REMOTE_COMMIT);
  CHECK(with_commit.clone_taget() == "abc");
  const auto with_none = good({"--git", "u"}).source().file().source().git();
  CHECK(with_none.target_mode() == contentservice::REMOTE_HEAD);
  CHECK(with_none.clone_taget().empty());
}

TEST_CASE("a git password comes from a variable or the first line of a file") {
  const auto from_variable = good({"--git", "u", "--git-user", "me", "--git-password-env", "GIT_TOKEN"});
  const auto& config = from_variable.source().file().source().git().config();
  CHECK(config.authentication() == contentservice::BASIC_AUTH);
  CHECK(config.auth_user() == "me");
  CHECK(config.auth_password() == "s3cret");

  const temporary_file file("from file\n");
  const auto from_file = good({"--git", "u", "--git-user", "me", "--git-password-file", file.path()});
  CHECK(from_file.source().file().source().git().config().auth_password() == "from file");
}

TEST_CASE("a one-time URL asks for one-time authentication") {
  const auto request = good({"--git", "u", "--git-ots", "https://h/once"});
  const auto& config = request.source().file().source().git().config();
  CHECK(config.authentication() == contentservice::BASIC_AUTH_OTS);
  CHECK(config.auth_ots() == "https://h/once");
}

TEST_CASE("a password that cannot be read or stands in the URL is wrong usage") {
  CHECK(bad({"--git", "u", "--git-user", "me"}).message.find("--git-password-env") != std::string::npos);
  CHECK(bad({"--git", "u", "--git-user", "me", "--git-password-env", "UNSET"}).code == exit_code::usage);
  CHECK(bad({"--git", "u", "--git-user", "me", "--git-password-file", "/nonexistent/f"}).code ==
        exit_code::usage);
  const auto in_url = bad({"--git", "https://me:s3cret@h/r.git"});
  CHECK(in_url.code == exit_code::usage);
  CHECK(in_url.message.find("s3cret") == std::string::npos);
  CHECK(good({"--git", "ssh://git@h:22/r.git"}).source().has_file());
}

TEST_CASE("the other flags set their fields") {
  const auto request = good(
      {"--ref", "a", "--force", "--retry", "--triggered-by", "me", "--base-resolved", "reg/base@sha256:1"});
  CHECK(request.force_rebuild());
  CHECK(request.use_retry_client());
  CHECK(request.triggered_by() == "me");
  CHECK(request.base_image_name_resolved() == "reg/base@sha256:1");
}

TEST_CASE("credential flags choose total or selective use") {
  CHECK(good({"--ref", "a", "--auth-all"}).auth().total().allow_all());
  const auto auth =
      good({"--ref", "a", "--allow-base-repository", "--allow", "x.com", "--allow", "y.com"}).auth();
  CHECK(auth.selective().allow_baserep());
  CHECK_FALSE(auth.selective().allow_workspacerep());
  REQUIRE(auth.selective().any_of_size() == 2);
  CHECK(auth.selective().any_of(1) == "y.com");
  CHECK(good({"--ref", "a", "--allow-workspace-repository"}).auth().selective().allow_workspacerep());
}

TEST_CASE("the auths of a Docker configuration travel as additional credentials") {
  const temporary_file config(R"({"auths":{"reg.example.com":{"auth":"dTpw"}}})");
  const auto auth = good({"--ref", "a", "--registry-auth-file", config.path()}).auth();
  CHECK(auth.mode_case() == builder::BuildRegistryAuth::MODE_NOT_SET);
  CHECK(auth.additional().at("reg.example.com") == "dTpw");
}

TEST_CASE("flags win over the fields of a source file and leave the others") {
  const temporary_file file(R"({"source":{"ref":{"ref":"a"}},"triggeredBy":"file","forceRebuild":true,
                               "auth":{"selective":{"anyOf":["old"],"allowBaserep":true}}})");
  const auto request = good({"--source", file.path(), "--triggered-by", "flag", "--allow", "new"});
  CHECK(request.source().ref().ref() == "a");
  CHECK(request.triggered_by() == "flag");
  CHECK(request.force_rebuild());
  CHECK_FALSE(request.auth().selective().allow_baserep());
  REQUIRE(request.auth().selective().any_of_size() == 1);
  CHECK(request.auth().selective().any_of(0) == "new");
}

TEST_CASE("a resolution takes source and credentials from the same flags") {
  auto parsed =
      parse_arguments({"resolve", "workspace", "--git", "u", "--branch", "b", "--retry", "--auth-all"});
  REQUIRE(std::holds_alternative<command_line>(parsed));
  const auto request = make_resolve_request(std::get<command_line>(parsed).resolve_workspace, variables);
  REQUIRE(request);
  CHECK(request->source().file().source().git().clone_taget() == "b");
  CHECK(request->use_retry_client());
  CHECK(request->auth().total().allow_all());
}

TEST_CASE("a build without a source is wrong usage") { CHECK(bad({"--force"}).code == exit_code::usage); }

TEST_CASE("a log is asked for by reference only where the target cannot be an id") {
  CHECK(make_logs_request({"6a7f5c1e-0a36"}).build_id() == "6a7f5c1e-0a36");
  CHECK(make_logs_request({"6a7f5c1e-0a36"}).build_ref().empty());
  for (const char* ref : {"reg/ws", "ws:tag", "ws@sha256:1"}) {
    CHECK(make_logs_request({ref}).build_ref() == ref);
    CHECK(make_logs_request({ref}).build_id().empty());
  }
  CHECK(make_logs_request({"x", false, true}).censored());
}
