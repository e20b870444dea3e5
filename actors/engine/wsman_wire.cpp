#include "actors/engine/wsman_wire.hpp"

#include "actors/engine/wsman_names.hpp"

#include <variant>

namespace ib {

namespace {

workspace_phase to_phase(wsman::WorkspacePhase phase) {
  switch (phase) {
  case wsman::PENDING:
    return workspace_phase::pending;
  case wsman::CREATING:
    return workspace_phase::creating;
  case wsman::INITIALIZING:
    return workspace_phase::initializing;
  case wsman::RUNNING:
    return workspace_phase::running;
  case wsman::STOPPING:
    return workspace_phase::stopping;
  case wsman::STOPPED:
    return workspace_phase::stopped;
  case wsman::INTERRUPTED:
    return workspace_phase::interrupted;
  default: // also of a newer ws-manager
    return workspace_phase::unknown;
  }
}

std::string annotation(const wsman::WorkspaceMetadata& metadata, const char* name) {
  auto found = metadata.annotations().find(name);
  return found == metadata.annotations().end() ? std::string() : found->second;
}

contentservice::CloneTargetMode to_wire(clone_target_mode mode) {
  switch (mode) {
  case clone_target_mode::remote_head:
    return contentservice::REMOTE_HEAD;
  case clone_target_mode::remote_commit:
    return contentservice::REMOTE_COMMIT;
  case clone_target_mode::remote_branch:
    return contentservice::REMOTE_BRANCH;
  case clone_target_mode::local_branch:
    return contentservice::LOCAL_BRANCH;
  }
  return contentservice::REMOTE_HEAD;
}

contentservice::GitAuthMethod to_wire(git_auth::kind method) {
  switch (method) {
  case git_auth::kind::none:
    return contentservice::NO_AUTH;
  case git_auth::kind::basic:
    return contentservice::BASIC_AUTH;
  case git_auth::kind::basic_one_time:
    return contentservice::BASIC_AUTH_OTS;
  }
  return contentservice::NO_AUTH;
}

contentservice::GitInitializer to_wire(const git_initializer& from) {
  contentservice::GitInitializer to;
  to.set_remote_uri(from.remote_uri);
  to.set_upstream_remote_uri(from.upstream_remote_uri);
  to.set_target_mode(to_wire(from.target_mode));
  to.set_clone_taget(from.clone_target);
  to.set_checkout_location(from.checkout_location);
  to.set_full_clone(from.full_clone);
  contentservice::GitConfig config;
  config.mutable_custom_config()->insert(from.config.begin(), from.config.end());
  config.set_authentication(to_wire(from.auth.method));
  config.set_auth_user(from.auth.user);
  config.set_auth_password(from.auth.password);
  config.set_auth_ots(from.auth.one_time_url);
  if (config.ByteSizeLong() > 0) *to.mutable_config() = std::move(config);
  return to;
}

/// One overload for each alternative of an initializer.
struct initializer_writer {
  contentservice::WorkspaceInitializer& to;

  void operator()(const empty_initializer&) const { to.mutable_empty(); }
  void operator()(const git_initializer& git) const { *to.mutable_git() = to_wire(git); }
  void operator()(const download_initializer& download) const {
    auto& into = *to.mutable_download();
    into.set_target_location(download.target_location);
    for (const auto& file : download.files) {
      auto* one = into.add_files();
      one->set_url(file.url);
      one->set_file_path(file.file_path);
      one->set_digest(file.digest);
    }
  }
  void operator()(const prebuild_initializer& prebuild) const {
    auto& into = *to.mutable_prebuild();
    into.mutable_prebuild()->set_snapshot(prebuild.snapshot);
    into.mutable_prebuild()->set_from_volume_snapshot(prebuild.from_volume_snapshot);
    for (const auto& git : prebuild.git)
      *into.add_git() = to_wire(git);
  }
  void operator()(const composite_initializer& composite) const {
    auto& into = *to.mutable_composite();
    for (const auto& part : composite.parts)
      *into.add_initializer() = ib::to_wire(part);
  }
};

} // namespace

workspace_status to_status(const wsman::WorkspaceStatus& from) {
  workspace_status to;
  to.id = from.id();
  const auto& metadata = from.metadata();
  to.managed_by = annotation(metadata, wsman_names::managed_by);
  to.workspace_ref = annotation(metadata, wsman_names::workspace_ref);
  to.base_ref = annotation(metadata, wsman_names::base_ref);
  to.owner = metadata.owner();
  if (metadata.has_started_at())
    to.started_at_ms = metadata.started_at().seconds() * 1000 + metadata.started_at().nanos() / 1'000'000;
  to.url = from.spec().url();
  to.owner_token = from.auth().owner_token();
  to.phase = to_phase(from.phase());
  to.failed = from.conditions().failed();
  to.timeout = from.conditions().timeout();
  to.headless_task_failed = from.conditions().headless_task_failed();
  to.message = from.message();
  to.version = from.status_version();
  return to;
}

contentservice::WorkspaceInitializer to_wire(const initializer& from) {
  contentservice::WorkspaceInitializer to;
  std::visit(initializer_writer{to}, from.spec);
  return to;
}

wsman::MetadataFilter our_workspaces() {
  wsman::MetadataFilter filter;
  (*filter.mutable_annotations())[wsman_names::managed_by] = wsman_names::manager;
  return filter;
}

} // namespace ib
