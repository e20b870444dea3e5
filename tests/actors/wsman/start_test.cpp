#include "actors/engine/wsman_start.hpp"

#include <catch2/catch.hpp>
#include <google/protobuf/util/message_differencer.h>
#include <nlohmann/json.hpp>

#include <map>

using namespace ib;

namespace {

const std::string digest = "sha256:" + std::string(64, 'a');

build_plan plan_of(build_source source) {
  build_plan plan;
  plan.build_id = "4f0ad4b5-4d8c-4d7a-9a06-2f2ff8f4b9a1";
  plan.workspace_ref = "registry.example/workspace:abc";
  plan.base_ref = "registry.example/base:def";
  plan.source = std::move(source);
  plan.triggered_by = "somebody";
  plan.supervisor_ref = "registry.example/supervisor:1";
  return plan;
}

dockerfile_source file_of(std::string dockerfile, std::string context) {
  git_initializer git;
  git.remote_uri = "https://git.example/a.git";
  return {initializer{git}, "v1", std::move(dockerfile), std::move(context)};
}

const workspace_template common{"registry.example/bob:1", "pull-secret", false};

wsman::StartWorkspaceRequest request_of(const build_plan& plan, const from_credentials& credentials = {},
                                        const workspace_template& all = common) {
  auto request = start_request(plan, all, credentials);
  REQUIRE(request);
  return *request;
}

std::map<std::string, std::string> variables(const wsman::StartWorkspaceRequest& request) {
  std::map<std::string, std::string> all;
  for (const auto& variable : request.spec().envvars())
    all[variable.name()] = variable.has_secret()
                               ? "secret " + variable.secret().secret_name() + " " + variable.secret().key()
                               : variable.value();
  CHECK(all.size() == static_cast<size_t>(request.spec().envvars_size()));
  return all;
}

} // namespace

TEST_CASE("a build from a Dockerfile is started with everything the builder image reads") {
  auto plan = plan_of(file_of("docker/Dockerfile", ""));
  auto request = request_of(plan);
  CHECK(request.id() == plan.build_id);
  CHECK(request.service_prefix() == plan.build_id);
  CHECK(request.type() == wsman::IMAGEBUILD);
  CHECK(request.metadata().owner() == "somebody");
  CHECK(request.metadata().meta_id() == plan.build_id);
  CHECK_FALSE(request.metadata().has_started_at());
  std::map<std::string, std::string> annotations(request.metadata().annotations().begin(),
                                                 request.metadata().annotations().end());
  CHECK(annotations == std::map<std::string, std::string>{{"ref", plan.workspace_ref},
                                                          {"baseref", plan.base_ref},
                                                          {"managed-by", "image-builder"}});
  const auto& spec = request.spec();
  CHECK(spec.timeout() == "1h0m0s");
  CHECK(spec.workspace_image() == "registry.example/bob:1");
  CHECK(spec.ide_image().web_ref() == "registry.example/bob:1");
  CHECK(spec.ide_image().supervisor_ref() == "registry.example/supervisor:1");
  CHECK(spec.workspace_location() == "/workspace/docker");
  CHECK(spec.class_().empty());
  CHECK(spec.initializer().git().remote_uri() == "https://git.example/a.git");
  CHECK(variables(request) ==
        std::map<std::string, std::string>{
            {"BOB_TARGET_REF", "localhost:8080/target:latest"},
            {"BOB_BASE_REF", "localhost:8080/base:latest"},
            {"BOB_BUILD_BASE", "true"},
            {"BOB_DOCKERFILE_PATH", "/workspace/docker/Dockerfile"},
            {"BOB_CONTEXT_DIR", "/workspace/docker"},
            {"GITPOD_TASKS", R"([{"name": "build", "init": "sudo -E /app/bob build"}])"},
            {"WORKSPACEKIT_RING2_ENCLAVE", "/app/bob proxy"},
            {"WORKSPACEKIT_BOBPROXY_BASEREF", plan.base_ref},
            {"WORKSPACEKIT_BOBPROXY_TARGETREF", plan.workspace_ref},
            {"WORKSPACEKIT_BOBPROXY_AUTH", "secret pull-secret .dockerconfigjson"},
            {"WORKSPACEKIT_BOBPROXY_ADDITIONALAUTH", "{}"},
            {"SUPERVISOR_DEBUG_ENABLE", "false"}});
}

TEST_CASE("a build from an image is started with an empty context") {
  auto plan = plan_of(reference_source{"alpine:3"});
  plan.base_ref = "docker.io/library/alpine@" + digest;
  auto all = common;
  all.debug = true;
  auto request = request_of(plan, {}, all);
  CHECK(request.spec().initializer().has_empty());
  CHECK(request.spec().workspace_location() == "/workspace");
  auto found = variables(request);
  CHECK(found["BOB_BASE_REF"] == "localhost:8080/base@" + digest);
  CHECK(found["BOB_BUILD_BASE"] == "false");
  CHECK(found["BOB_DOCKERFILE_PATH"] == "/workspace/Dockerfile");
  CHECK(found["BOB_CONTEXT_DIR"] == "/workspace");
  CHECK(found["SUPERVISOR_DEBUG_ENABLE"] == "true");
}

TEST_CASE("paths of a Dockerfile and its context are below the workspace") {
  struct row {
    std::string dockerfile;
    std::string context;
    std::string found_dockerfile;
    std::string found_context;
  };
  const std::vector<row> rows{
      {"", "", "/workspace/Dockerfile", "/workspace"},
      {"Dockerfile", ".", "/workspace/Dockerfile", "/workspace"},
      {"a/b/Dockerfile", "", "/workspace/a/b/Dockerfile", "/workspace/a/b"},
      {"a/b/Dockerfile", "a", "/workspace/a/b/Dockerfile", "/workspace/a"},
      {"/workspace/a/Dockerfile", "", "/workspace/a/Dockerfile", "/workspace/a"},
      {"/workspace/a/Dockerfile", "/workspace", "/workspace/a/Dockerfile", "/workspace"},
      {"./a/./Dockerfile", "/workspace/b/", "/workspace/a/Dockerfile", "/workspace/b"},
      {"workspace/Dockerfile", "workspace", "/workspace/workspace/Dockerfile", "/workspace/workspace"},
  };
  for (const auto& [dockerfile, context, found_dockerfile, found_context] : rows) {
    CAPTURE(dockerfile, context);
    auto request = request_of(plan_of(file_of(dockerfile, context)));
    auto found = variables(request);
    CHECK(found["BOB_DOCKERFILE_PATH"] == found_dockerfile);
    CHECK(found["BOB_CONTEXT_DIR"] == found_context);
    CHECK(request.spec().workspace_location() == found_context);
  }
  auto outside = start_request(plan_of(file_of("../Dockerfile", "")), common, {});
  REQUIRE_FALSE(outside);
  CHECK(outside.error().field == "source.file.dockerfile_path");
}

TEST_CASE("credentials are told as the builder image reads them, empty ones left out") {
  from_credentials credentials;
  credentials["a.example"] = {"user", "pass:word", "", "", ""};
  credentials["b.example"] = {"", "", "", "", "opaque"};
  credentials["c.example"] = {};
  credentials["d.example"] = {"", "", "identity", "", ""};
  credentials["e.example"] = {"only-user", "", "", "", ""};
  auto found = nlohmann::json::parse(
      variables(request_of(plan_of(file_of("", "")), credentials))["WORKSPACEKIT_BOBPROXY_ADDITIONALAUTH"]);
  CHECK(found == nlohmann::json::parse(R"({
    "a.example": {"username": "user", "password": "pass:word", "auth": "dXNlcjpwYXNzOndvcmQ="},
    "b.example": {"auth": "opaque"},
    "e.example": {"username": "only-user", "auth": "b25seS11c2VyOg=="}})"));
}

TEST_CASE("every initializer reaches ws-manager as the request had it") {
  git_initializer git;
  git.remote_uri = "https://git.example/a.git";
  git.upstream_remote_uri = "https://git.example/up.git";
  git.target_mode = clone_target_mode::local_branch;
  git.clone_target = "topic";
  git.checkout_location = "a";
  git.config = {{"core.autocrlf", "true"}};
  git.auth = {git_auth::kind::basic_one_time, "u", "p", "https://once.example/1"};
  git.full_clone = true;
  git_initializer plain;
  plain.remote_uri = "https://git.example/b.git";
  plain.target_mode = clone_target_mode::remote_commit;
  download_initializer download{{{"https://files.example/f", "f", digest}}, "files"};
  prebuild_initializer prebuild{{plain}, "a snapshot", true};
  composite_initializer composite{
      {initializer{git}, initializer{download}, initializer{prebuild}, initializer{empty_initializer{}}}};
  auto plan = plan_of(dockerfile_source{initializer{composite}, "", "", ""});

  contentservice::WorkspaceInitializer wanted;
  auto* parts = wanted.mutable_composite();
  auto* first = parts->add_initializer()->mutable_git();
  first->set_remote_uri("https://git.example/a.git");
  first->set_upstream_remote_uri("https://git.example/up.git");
  first->set_target_mode(contentservice::LOCAL_BRANCH);
  first->set_clone_taget("topic");
  first->set_checkout_location("a");
  (*first->mutable_config()->mutable_custom_config())["core.autocrlf"] = "true";
  first->mutable_config()->set_authentication(contentservice::BASIC_AUTH_OTS);
  first->mutable_config()->set_auth_user("u");
  first->mutable_config()->set_auth_password("p");
  first->mutable_config()->set_auth_ots("https://once.example/1");
  first->set_full_clone(true);
  auto* second = parts->add_initializer()->mutable_download();
  second->set_target_location("files");
  auto* file = second->add_files();
  file->set_url("https://files.example/f");
  file->set_file_path("f");
  file->set_digest(digest);
  auto* third = parts->add_initializer()->mutable_prebuild();
  third->mutable_prebuild()->set_snapshot("a snapshot");
  third->mutable_prebuild()->set_from_volume_snapshot(true);
  auto* other = third->add_git();
  other->set_remote_uri("https://git.example/b.git");
  other->set_target_mode(contentservice::REMOTE_COMMIT);
  parts->add_initializer()->mutable_empty();

  auto request = request_of(plan);
  CHECK(google::protobuf::util::MessageDifferencer::Equals(request.spec().initializer(), wanted));
}
