#include "actors/plan_text.hpp"

#include "actors/source_words.hpp"

#include <nlohmann/json.hpp>

#include <utility>

namespace ib {

namespace {

using json = nlohmann::json;

// Enumerations are kept as numbers: their order is part of the journal's schema.

struct writer {
  bool with_credentials;

  std::string secret(const std::string& text) const { return with_credentials ? text : std::string(); }

  std::string url(const std::string& text) const { return with_credentials ? text : without_user(text); }

  json write(const git_initializer& git) const {
    return {{"remote", url(git.remote_uri)},
            {"upstream", url(git.upstream_remote_uri)},
            {"mode", static_cast<int>(git.target_mode)},
            {"target", git.clone_target},
            {"location", git.checkout_location},
            {"config", with_credentials ? json(git.config) : json::object()},
            {"auth", static_cast<int>(git.auth.method)},
            {"user", secret(git.auth.user)},
            {"password", secret(git.auth.password)},
            {"one_time_url", secret(git.auth.one_time_url)},
            {"full", git.full_clone}};
  }

  json write(const initializer& source) const {
    json text;
    if (std::holds_alternative<empty_initializer>(source.spec)) text["empty"] = true;
    if (auto* git = std::get_if<git_initializer>(&source.spec)) text["git"] = write(*git);
    if (auto* download = std::get_if<download_initializer>(&source.spec)) {
      text["download"] = {{"location", download->target_location}, {"files", json::array()}};
      for (const auto& file : download->files)
        text["download"]["files"].push_back(
            {{"url", url(file.url)}, {"path", file.file_path}, {"digest", file.digest}});
    }
    if (auto* prebuild = std::get_if<prebuild_initializer>(&source.spec)) {
      text["prebuild"] = json::array();
      for (const auto& git : prebuild->git)
        text["prebuild"].push_back(write(git));
      text["snapshot"] = prebuild->snapshot;
      text["from_volume_snapshot"] = prebuild->from_volume_snapshot;
    }
    if (auto* composite = std::get_if<composite_initializer>(&source.spec)) {
      text["composite"] = json::array();
      for (const auto& part : composite->parts)
        text["composite"].push_back(write(part));
    }
    return text;
  }

  json write(const build_source& source) const {
    if (auto* image = std::get_if<reference_source>(&source)) return {{"ref", image->ref}};
    const auto& file = std::get<dockerfile_source>(source);
    return {{"source", write(file.source)},
            {"dockerfile_version", file.dockerfile_version},
            {"dockerfile_path", file.dockerfile_path},
            {"context_path", file.context_path}};
  }

  json write(const request_auth& auth) const {
    return {{"mode", static_cast<int>(auth.mode)},
            {"allow_all", auth.allow_all},
            {"allow_base", auth.allow_base_repository},
            {"allow_workspace", auth.allow_workspace_repository},
            {"any_of", auth.any_of},
            {"additional", with_credentials ? json(auth.additional) : json::object()}};
  }
};

git_initializer read_git(const json& text) {
  git_initializer git;
  git.remote_uri = text.at("remote");
  git.upstream_remote_uri = text.at("upstream");
  git.target_mode = static_cast<clone_target_mode>(text.at("mode").get<int>());
  git.clone_target = text.at("target");
  git.checkout_location = text.at("location");
  git.config = text.at("config").get<std::map<std::string, std::string>>();
  git.auth.method = static_cast<git_auth::kind>(text.at("auth").get<int>());
  git.auth.user = text.at("user");
  git.auth.password = text.at("password");
  git.auth.one_time_url = text.at("one_time_url");
  git.full_clone = text.at("full");
  return git;
}

initializer read_initializer(const json& text) {
  if (text.contains("git")) return {read_git(text.at("git"))};
  if (text.contains("download")) {
    download_initializer download;
    download.target_location = text.at("download").at("location");
    for (const auto& file : text.at("download").at("files"))
      download.files.push_back({file.at("url"), file.at("path"), file.at("digest")});
    return {download};
  }
  if (text.contains("prebuild")) {
    prebuild_initializer prebuild;
    for (const auto& git : text.at("prebuild"))
      prebuild.git.push_back(read_git(git));
    prebuild.snapshot = text.value("snapshot", "");
    prebuild.from_volume_snapshot = text.value("from_volume_snapshot", false);
    return {prebuild};
  }
  if (text.contains("composite")) {
    composite_initializer composite;
    for (const auto& part : text.at("composite"))
      composite.parts.push_back(read_initializer(part));
    return {composite};
  }
  return {empty_initializer{}};
}

build_source read_source(const json& text) {
  if (text.contains("ref")) return reference_source{text.at("ref")};
  dockerfile_source file;
  file.source = read_initializer(text.at("source"));
  file.dockerfile_version = text.at("dockerfile_version");
  file.dockerfile_path = text.at("dockerfile_path");
  file.context_path = text.at("context_path");
  return file;
}

request_auth read_auth(const json& text) {
  request_auth auth;
  auth.mode = static_cast<request_auth::kind>(text.at("mode").get<int>());
  auth.allow_all = text.at("allow_all");
  auth.allow_base_repository = text.at("allow_base");
  auth.allow_workspace_repository = text.at("allow_workspace");
  auth.any_of = text.at("any_of").get<std::vector<std::string>>();
  auth.additional = text.at("additional").get<std::map<std::string, std::string>>();
  return auth;
}

json write_failure(const build_failure& failure) {
  return {{"fault", static_cast<int>(failure.fault)},
          {"line", failure.where.line},
          {"command", failure.where.command},
          {"last_lines", failure.where.last_lines}};
}

build_failure read_failure(const json& text) {
  build_failure failure;
  failure.fault = static_cast<fault_class>(text.at("fault").get<int>());
  failure.where.line = text.at("line");
  failure.where.command = text.at("command");
  failure.where.last_lines = text.at("last_lines").get<std::vector<std::string>>();
  return failure;
}

/// Bytes that are no UTF-8 (a command's output, a path in a request) are replaced rather than refused.
std::string dump(const json& text) { return text.dump(-1, ' ', false, json::error_handler_t::replace); }

/// Runs a reader; what nlohmann's JSON throws becomes an error.
template <class T, class Reader>
result<T> read(const std::string& text, Reader reader) {
  try {
    return reader(json::parse(text));
  } catch (const json::exception& e) {
    return error{
        error_code::data_corrupt, std::string("a record of the journal cannot be read: ") + e.what(), "", {}};
  }
}

} // namespace

std::string plan_to_text(const build_plan& plan, bool with_credentials) {
  writer to{with_credentials};
  return dump({{"build_id", plan.build_id},
               {"created_ms", plan.created_ms},
               {"workspace_ref", plan.workspace_ref},
               {"base_ref", plan.base_ref},
               {"source", to.write(plan.source)},
               {"auth", to.write(plan.auth)},
               {"force_rebuild", plan.force_rebuild},
               {"triggered_by", plan.triggered_by},
               {"supervisor_ref", plan.supervisor_ref},
               {"retry_lookups", plan.retry_lookups},
               {"trace_id", plan.trace.trace_id},
               {"span_id", plan.trace.span_id},
               {"log_url", plan.log_url},
               {"owner_token", plan.owner_token},
               {"gone_base", plan.gone_base},
               {"explanation", plan.explanation}});
}

result<std::shared_ptr<build_plan>> plan_from_text(const std::string& text) {
  return read<std::shared_ptr<build_plan>>(text, [](const json& from) {
    auto plan = std::make_shared<build_plan>();
    plan->build_id = from.at("build_id");
    plan->created_ms = from.at("created_ms");
    plan->workspace_ref = from.at("workspace_ref");
    plan->base_ref = from.at("base_ref");
    plan->source = read_source(from.at("source"));
    name_source(*plan);
    plan->auth = read_auth(from.at("auth"));
    plan->force_rebuild = from.at("force_rebuild");
    plan->triggered_by = from.at("triggered_by");
    plan->supervisor_ref = from.at("supervisor_ref");
    plan->retry_lookups = from.at("retry_lookups");
    plan->trace = {from.value("trace_id", ""), from.value("span_id", "")};
    plan->log_url = from.at("log_url");
    plan->owner_token = from.at("owner_token");
    plan->gone_base = from.at("gone_base");
    plan->explanation = from.at("explanation").get<std::vector<std::string>>();
    return plan;
  });
}

std::string machine_to_text(const machine_state& machine) {
  json text{{"state", static_cast<int>(machine.state)},
            {"attempt", machine.attempt},
            {"end_message", machine.end_message},
            {"retries", machine.retries},
            {"losses", machine.losses},
            {"begun", machine.begun}};
  if (machine.failure) text["failure"] = write_failure(*machine.failure);
  return dump(text);
}

result<machine_state> machine_from_text(const std::string& text) {
  return read<machine_state>(text, [](const json& from) {
    machine_state machine;
    machine.state = static_cast<build_state>(from.at("state").get<int>());
    machine.attempt = from.at("attempt");
    machine.end_message = from.at("end_message");
    machine.retries = from.at("retries");
    machine.losses = from.at("losses");
    machine.begun = from.value("begun", false);
    if (from.contains("failure")) machine.failure = read_failure(from.at("failure"));
    return machine;
  });
}

std::string failure_to_text(const rare<build_failure>& failure) {
  return failure ? dump(write_failure(*failure)) : "";
}

result<rare<build_failure>> failure_from_text(const std::string& text) {
  if (text.empty()) return rare<build_failure>{};
  return read<rare<build_failure>>(text, [](const json& from) { return rare(read_failure(from)); });
}

std::string answers_to_text(const std::map<std::string, std::string>& answers) { return dump(answers); }

result<std::map<std::string, std::string>> answers_from_text(const std::string& text) {
  return read<std::map<std::string, std::string>>(
      text, [](const json& from) { return from.get<std::map<std::string, std::string>>(); });
}

} // namespace ib
