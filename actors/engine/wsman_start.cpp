#include "actors/engine/wsman_start.hpp"

#include "actors/domain/base64.hpp"
#include "actors/domain/reference.hpp"
#include "actors/engine/wsman_names.hpp"
#include "actors/engine/wsman_wire.hpp"
#include "actors/io/context_path.hpp"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <variant>

namespace ib {

namespace {

namespace fs = std::filesystem;

constexpr const char* context_root = "/workspace";

/// Where the Dockerfile and the context are inside of the workspace.
struct workspace_paths {
  std::string dockerfile = std::string(context_root) + "/Dockerfile";
  std::string context = context_root;
};

result<std::string> below_root(const std::string& path, const std::string& field) {
  auto relative = io::relative_path(path, io::workspace_prefix::dropped, field);
  if (!relative) return relative.error();
  if (*relative == ".") return std::string(context_root);
  return (fs::path(context_root) / *relative).string();
}

result<workspace_paths> paths_of(const build_source& source) {
  workspace_paths paths;
  const auto* file = std::get_if<dockerfile_source>(&source);
  if (file == nullptr) return paths;
  if (!file->dockerfile_path.empty()) {
    auto dockerfile = below_root(file->dockerfile_path, "source.file.dockerfile_path");
    if (!dockerfile) return dockerfile.error();
    paths.dockerfile = *dockerfile;
  }
  if (file->context_path.empty()) {
    paths.context = fs::path(paths.dockerfile).parent_path().string();
    return paths;
  }
  auto context = below_root(file->context_path, "source.file.context_path");
  if (!context) return context.error();
  paths.context = *context;
  return paths;
}

/// The base image's name at the proxy inside of the workspace.
std::string proxied_base(const std::string& base_ref) {
  const std::string name = "localhost:8080/base";
  auto parsed = parse_reference(base_ref);
  return parsed && !parsed->digest.empty() ? name + "@" + parsed->digest : name + ":latest";
}

void add_variable(wsman::StartWorkspaceSpec& spec, const char* name, const std::string& value) {
  auto* variable = spec.add_envvars();
  variable->set_name(name);
  variable->set_value(value);
}

void add_variables(wsman::StartWorkspaceSpec& spec, const build_plan& plan, const workspace_paths& paths,
                   const workspace_template& common, const from_credentials& credentials) {
  bool builds_base = std::holds_alternative<dockerfile_source>(plan.source);
  add_variable(spec, "BOB_TARGET_REF", "localhost:8080/target:latest");
  add_variable(spec, "BOB_BASE_REF", proxied_base(plan.base_ref));
  add_variable(spec, "BOB_BUILD_BASE", builds_base ? "true" : "false");
  add_variable(spec, "BOB_DOCKERFILE_PATH", paths.dockerfile);
  add_variable(spec, "BOB_CONTEXT_DIR", paths.context);
  add_variable(spec, "GITPOD_TASKS", R"([{"name": "build", "init": "sudo -E /app/bob build"}])");
  add_variable(spec, "WORKSPACEKIT_RING2_ENCLAVE", "/app/bob proxy");
  add_variable(spec, "WORKSPACEKIT_BOBPROXY_BASEREF", plan.base_ref);
  add_variable(spec, "WORKSPACEKIT_BOBPROXY_TARGETREF", plan.workspace_ref);
  auto* auth = spec.add_envvars();
  auth->set_name("WORKSPACEKIT_BOBPROXY_AUTH");
  auth->mutable_secret()->set_secret_name(common.pull_secret);
  auth->mutable_secret()->set_key(".dockerconfigjson");
  add_variable(spec, "WORKSPACEKIT_BOBPROXY_ADDITIONALAUTH", credentials_json(credentials));
  add_variable(spec, "SUPERVISOR_DEBUG_ENABLE", common.debug ? "true" : "false");
}

} // namespace

std::string credentials_json(const from_credentials& credentials) {
  auto all = nlohmann::json::object();
  for (const auto& [domain, credential] : credentials) {
    auto entry = nlohmann::json::object();
    if (!credential.username.empty()) entry["username"] = credential.username;
    if (!credential.password.empty()) entry["password"] = credential.password;
    if (!credential.opaque_auth.empty())
      entry["auth"] = credential.opaque_auth;
    else if (!entry.empty())
      entry["auth"] = base64_encode(credential.username + ":" + credential.password);
    if (!entry.empty()) all[domain] = entry;
  }
  return all.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
}

result<wsman::StartWorkspaceRequest> start_request(const build_plan& plan, const workspace_template& common,
                                                   const from_credentials& credentials) {
  auto paths = paths_of(plan.source);
  if (!paths) return paths.error();
  wsman::StartWorkspaceRequest request;
  request.set_id(plan.build_id);
  request.set_service_prefix(plan.build_id);
  request.set_type(wsman::IMAGEBUILD);
  auto& metadata = *request.mutable_metadata();
  metadata.set_owner(plan.triggered_by);
  metadata.set_meta_id(plan.build_id);
  auto& annotations = *metadata.mutable_annotations();
  annotations[wsman_names::workspace_ref] = plan.workspace_ref;
  annotations[wsman_names::base_ref] = plan.base_ref;
  annotations[wsman_names::managed_by] = wsman_names::manager;
  auto& spec = *request.mutable_spec();
  if (const auto* file = std::get_if<dockerfile_source>(&plan.source))
    *spec.mutable_initializer() = to_wire(file->source);
  else
    spec.mutable_initializer()->mutable_empty();
  spec.set_timeout("1h0m0s");
  spec.set_workspace_image(common.builder_image);
  spec.mutable_ide_image()->set_web_ref(common.builder_image);
  spec.mutable_ide_image()->set_supervisor_ref(plan.supervisor_ref);
  spec.set_workspace_location(paths->context);
  add_variables(spec, plan, *paths, common, credentials);
  return request;
}

} // namespace ib
