#include "gateway/translate.hpp"

#include <catch2/catch.hpp>

#include <functional>

using namespace ib;
using builder::BuildRequest;

namespace {

BuildRequest from_reference(const std::string& ref = "alpine:3") {
  BuildRequest request;
  request.mutable_source()->mutable_ref()->set_ref(ref);
  return request;
}

BuildRequest from_git(const std::string& url = "https://example.com/a.git") {
  BuildRequest request;
  request.mutable_source()->mutable_file()->mutable_source()->mutable_git()->set_remote_uri(url);
  request.mutable_source()->mutable_file()->set_dockerfile_path("Dockerfile");
  return request;
}

auto* file_of(BuildRequest& request) { return request.mutable_source()->mutable_file(); }
auto* git_of(BuildRequest& request) { return file_of(request)->mutable_source()->mutable_git(); }

using change = std::function<void(BuildRequest&)>;

struct bad_request {
  std::string field;
  change made;
};

const std::string longer(5000, 'x');
const std::string git_field = "source.file.source.git";

std::vector<bad_request> bad_git_requests() {
  return {
      {"source.file.source", [](auto& r) { file_of(r)->clear_source(); }},
      {"source.file.source", [](auto& r) { file_of(r)->mutable_source()->Clear(); }},
      {"source.file.source.snapshot", [](auto& r) { file_of(r)->mutable_source()->mutable_snapshot(); }},
      {"source.file.source.backup", [](auto& r) { file_of(r)->mutable_source()->mutable_backup(); }},
      {"source.file.source.prebuild.git", [](auto& r) { file_of(r)->mutable_source()->mutable_prebuild(); }},
      {"source.file.source.composite.initializer",
       [](auto& r) { file_of(r)->mutable_source()->mutable_composite(); }},
      {"source.file.source.composite.initializer[1]",
       [](auto& r) {
         auto* parts = file_of(r)->mutable_source()->mutable_composite();
         parts->add_initializer()->mutable_empty();
         parts->add_initializer();
       }},
      {"source.file.source.composite.initializer",
       [](auto& r) {
         auto* parts = file_of(r)->mutable_source()->mutable_composite();
         for (int i = 0; i < 101; ++i)
           parts->add_initializer()->mutable_empty();
       }},
      {"source.file.source.prebuild.git",
       [](auto& r) {
         for (int i = 0; i < 101; ++i)
           file_of(r)->mutable_source()->mutable_prebuild()->add_git();
       }},
      {"source.file.source.download.files",
       [](auto& r) {
         for (int i = 0; i < 1001; ++i)
           file_of(r)->mutable_source()->mutable_download()->add_files();
       }},
      {git_field + ".remote_uri", [](auto& r) { git_of(r)->clear_remote_uri(); }},
      {git_field + ".remote_uri", [](auto& r) { git_of(r)->set_remote_uri("file:///etc"); }},
      {git_field + ".remote_uri", [](auto& r) { git_of(r)->set_remote_uri("ext::sh -c id"); }},
      {git_field + ".remote_uri", [](auto& r) { git_of(r)->set_remote_uri("--upload-pack=id"); }},
      {git_field + ".remote_uri",
       [](auto& r) { git_of(r)->set_remote_uri("https://example.com/" + longer); }},
      {git_field + ".upstream_Remote_uri", [](auto& r) { git_of(r)->set_upstream_remote_uri(longer); }},
      {git_field + ".clone_taget", [](auto& r) { git_of(r)->set_clone_taget(longer); }},
      {git_field + ".checkout_location", [](auto& r) { git_of(r)->set_checkout_location(longer); }},
      {git_field + ".checkout_location", [](auto& r) { git_of(r)->set_checkout_location("../out"); }},
      {git_field + ".target_mode",
       [](auto& r) { git_of(r)->set_target_mode(static_cast<contentservice::CloneTargetMode>(9)); }},
      {git_field + ".config.authentication",
       [](auto& r) {
         git_of(r)->mutable_config()->set_authentication(static_cast<contentservice::GitAuthMethod>(9));
       }},
      {git_field + ".config.auth_ots",
       [](auto& r) { git_of(r)->mutable_config()->set_authentication(contentservice::BASIC_AUTH_OTS); }},
      {git_field + ".config.auth_password",
       [](auto& r) {
         git_of(r)->mutable_config()->set_authentication(contentservice::BASIC_AUTH);
         git_of(r)->mutable_config()->set_auth_password(std::string(70'000, 'x'));
       }},
      {git_field + ".config.auth_user",
       [](auto& r) {
         git_of(r)->mutable_config()->set_authentication(contentservice::BASIC_AUTH);
         git_of(r)->mutable_config()->set_auth_user(std::string(70'000, 'x'));
       }},
      {git_field + ".config.auth_ots",
       [](auto& r) {
         git_of(r)->mutable_config()->set_authentication(contentservice::BASIC_AUTH_OTS);
         git_of(r)->mutable_config()->set_auth_ots("https://example.com/" + longer);
       }},
      {"source.file.source.download.files[0].url",
       [](auto& r) {
         file_of(r)->mutable_source()->mutable_download()->add_files()->set_url("https://example.com/" +
                                                                                longer);
       }},
      {"source.file.source.download.files[0].file_path",
       [](auto& r) {
         auto* file = file_of(r)->mutable_source()->mutable_download()->add_files();
         file->set_url("https://example.com/f");
         file->set_file_path("../out");
       }},
      {"source.file.source.download.target_location",
       [](auto& r) {
         auto* download = file_of(r)->mutable_source()->mutable_download();
         download->add_files()->set_url("https://example.com/f");
         download->mutable_files(0)->set_file_path("f");
         download->set_target_location(longer);
       }},
      {"source.file.dockerfile_version", [](auto& r) { file_of(r)->set_dockerfile_version(longer); }},
      {"source.file.dockerfile_path", [](auto& r) { file_of(r)->set_dockerfile_path(longer); }},
      {"source.file.dockerfile_path", [](auto& r) { file_of(r)->set_dockerfile_path("../Dockerfile"); }},
      {"source.file.context_path", [](auto& r) { file_of(r)->set_context_path(longer); }},
      {"source.file.context_path", [](auto& r) { file_of(r)->set_context_path("a/../../b"); }},
  };
}

std::vector<bad_request> bad_plain_requests() {
  return {
      {"source", [](auto& r) { r.clear_source(); }},
      {"source", [](auto& r) { r.mutable_source()->Clear(); }},
      {"source.ref.ref", [](auto& r) { r.mutable_source()->mutable_ref()->clear_ref(); }},
      {"source.ref.ref", [](auto& r) { r.mutable_source()->mutable_ref()->set_ref("UPPER CASE"); }},
      {"source.ref.ref", [](auto& r) { r.mutable_source()->mutable_ref()->set_ref(longer); }},
      {"triggered_by", [](auto& r) { r.set_triggered_by(longer); }},
      {"supervisor_ref", [](auto& r) { r.set_supervisor_ref(longer); }},
      {"base_image_name_resolved", [](auto& r) { r.set_base_image_name_resolved(longer); }},
      {"auth.additional",
       [](auto& r) { (*r.mutable_auth()->mutable_additional())[std::string(300, 'x')] = "eDp5"; }},
      {"auth.additional[registry.example]",
       [](auto& r) {
         (*r.mutable_auth()->mutable_additional())["registry.example"] = std::string(70'000, 'x');
       }},
      {"auth.selective.any_of[1]",
       [](auto& r) {
         r.mutable_auth()->mutable_selective()->add_any_of("registry.example");
         r.mutable_auth()->mutable_selective()->add_any_of(std::string(300, 'x'));
       }},
  };
}

void check_refused(const BuildRequest& request, const std::string& field) {
  auto translated = translate(request, request_rules{});
  REQUIRE_FALSE(translated);
  CHECK(translated.error().code == error_code::invalid_argument);
  CHECK(translated.error().field == field);
  CHECK_FALSE(translated.error().message.empty());
  CHECK(translated.error().message.find(longer) == std::string::npos);
}

} // namespace

TEST_CASE("each fault of a request names its field by its path on the wire", "[translate]") {
  size_t row = 0;
  for (const auto& bad : bad_plain_requests()) {
    CAPTURE(row++, bad.field);
    auto request = from_reference();
    bad.made(request);
    check_refused(request, bad.field);
  }
  for (const auto& bad : bad_git_requests()) {
    CAPTURE(row++, bad.field);
    auto request = from_git();
    bad.made(request);
    check_refused(request, bad.field);
  }
}

TEST_CASE("a request without a source says so in the known words", "[translate]") {
  CHECK(translate(BuildRequest(), request_rules{}).error().message == "build source is missing");
}

TEST_CASE("a reference request carries every field over", "[translate]") {
  auto request = from_reference("alpine:3");
  request.set_force_rebuild(true);
  request.set_triggered_by("someone");
  request.set_supervisor_ref("supervisor");
  request.set_base_image_name_resolved("docker.io/library/alpine:3");
  request.set_use_retry_client(true);
  request.mutable_auth()->mutable_selective()->set_allow_baserep(true);
  request.mutable_auth()->mutable_selective()->add_any_of("registry.example");
  (*request.mutable_auth()->mutable_additional())["registry.example"] = "eDp5";
  auto translated = translate(request, request_rules{});
  REQUIRE(translated);
  CHECK(std::get<reference_source>(*translated->source).ref == "alpine:3");
  CHECK(translated->force_rebuild);
  CHECK(translated->triggered_by == "someone");
  CHECK(translated->supervisor_ref == "supervisor");
  CHECK(translated->base_image_name_resolved == "docker.io/library/alpine:3");
  CHECK(translated->use_retry_client);
  CHECK(translated->auth.mode == request_auth::kind::selective);
  CHECK(translated->auth.allow_base_repository);
  CHECK_FALSE(translated->auth.allow_workspace_repository);
  CHECK(translated->auth.any_of == std::vector<std::string>{"registry.example"});
  CHECK(translated->auth.additional.at("registry.example") == "eDp5");
}

TEST_CASE("a git request carries every field over", "[translate]") {
  auto request = from_git();
  auto* git = git_of(request);
  git->set_upstream_remote_uri("https://example.com/up.git");
  git->set_target_mode(contentservice::REMOTE_BRANCH);
  git->set_clone_taget("main");
  git->set_checkout_location("src");
  git->set_full_clone(true);
  (*git->mutable_config()->mutable_custom_config())["user.name"] = "x";
  git->mutable_config()->set_authentication(contentservice::BASIC_AUTH);
  git->mutable_config()->set_auth_user("user");
  git->mutable_config()->set_auth_password("password");
  file_of(request)->set_dockerfile_version("v1");
  file_of(request)->set_context_path("ctx");
  auto translated = translate(request, request_rules{});
  REQUIRE(translated);
  const auto& file = std::get<dockerfile_source>(*translated->source);
  CHECK(file.dockerfile_path == "Dockerfile");
  CHECK(file.dockerfile_version == "v1");
  CHECK(file.context_path == "ctx");
  const auto& to = std::get<git_initializer>(file.source.spec);
  CHECK(to.remote_uri == "https://example.com/a.git");
  CHECK(to.upstream_remote_uri == "https://example.com/up.git");
  CHECK(to.target_mode == clone_target_mode::remote_branch);
  CHECK(to.clone_target == "main");
  CHECK(to.checkout_location == "src");
  CHECK(to.full_clone);
  CHECK(to.config.at("user.name") == "x");
  CHECK(to.auth.method == git_auth::kind::basic);
  CHECK(to.auth.user == "user");
  CHECK(to.auth.password == "password");
}

TEST_CASE("every kind of source that can be built from is taken", "[translate]") {
  auto taken = [](const change& made) {
    auto request = from_git();
    made(request);
    return translate(request, request_rules{}).has_value();
  };
  CHECK(taken([](auto& r) { file_of(r)->mutable_source()->mutable_empty(); }));
  CHECK(taken([](auto& r) {
    auto* file = file_of(r)->mutable_source()->mutable_download()->add_files();
    file->set_url("https://example.com/f");
    file->set_file_path("f");
    file->set_digest("sha256:" + std::string(64, 'a'));
  }));
  CHECK(taken([](auto& r) {
    file_of(r)->mutable_source()->mutable_prebuild()->add_git()->set_remote_uri("https://example.com/a");
  }));
  CHECK(taken([](auto& r) {
    file_of(r)->mutable_source()->mutable_composite()->add_initializer()->mutable_git()->set_remote_uri(
        "https://example.com/a");
  }));
}

TEST_CASE("composites may be nested ten deep, not deeper", "[translate]") {
  auto nested = [](int depth) {
    auto request = from_git();
    auto* at = file_of(request)->mutable_source();
    for (int i = 0; i < depth; ++i)
      at = at->mutable_composite()->add_initializer();
    at->mutable_empty();
    return translate(request, request_rules{});
  };
  CHECK(nested(10));
  auto deeper = nested(11);
  REQUIRE_FALSE(deeper);
  CHECK(deeper.error().message.find("nested deeper than 10") != std::string::npos);
}

TEST_CASE("local repositories are allowed only where the service says so", "[translate]") {
  auto request = from_git("file:///srv/repository");
  CHECK_FALSE(translate(request, request_rules{false}));
  CHECK(translate(request, request_rules{true}));
}

TEST_CASE("an inquiry is checked as a build is", "[translate]") {
  builder::ResolveWorkspaceImageRequest request;
  CHECK(translate(request, request_rules{}).error().message == "build source is missing");
  *request.mutable_source() = from_reference().source();
  request.mutable_auth()->mutable_total()->set_allow_all(true);
  request.set_use_retry_client(true);
  auto translated = translate(request, request_rules{});
  REQUIRE(translated);
  CHECK(translated->auth.allow_all);
  CHECK(translated->use_retry_client);
  CHECK_FALSE(translated->force_rebuild);
}

TEST_CASE("a lookup names its fields as well", "[translate]") {
  builder::ResolveBaseImageRequest request;
  CHECK(translate(request).error().field == "ref");
  request.set_ref("UPPER CASE");
  CHECK(translate(request).error().field == "ref");
  request.set_ref("alpine");
  request.set_use_retry_client(true);
  auto translated = translate(request);
  REQUIRE(translated);
  CHECK(translated->ref.to_string() == "docker.io/library/alpine:latest");
  CHECK(translated->retry);
  (*request.mutable_auth()->mutable_additional())[std::string(300, 'x')] = "eDp5";
  CHECK(translate(request).error().field == "auth.additional");
}
