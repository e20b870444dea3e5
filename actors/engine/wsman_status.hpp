#pragma once

#include "actors/domain/build_machine.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace ib {

/// The phases of a workspace, as ws-manager tells them.
enum class workspace_phase : uint8_t {
  unknown,
  pending,
  creating,
  initializing,
  running,
  stopping,
  stopped,
  interrupted,
};

/// What ws-manager tells of one workspace, as far as it concerns a build. Everything but the id may be
/// missing.
struct workspace_status {
  std::string id; ///< of the workspace and of its build
  std::string managed_by;
  std::string workspace_ref;
  std::string base_ref;
  std::string owner;
  std::optional<int64_t> started_at_ms; ///< unix milliseconds
  std::string url;
  std::string owner_token; ///< secret
  workspace_phase phase = workspace_phase::unknown;
  std::string failed; ///< conditions: empty where they do not hold, else why they do
  std::string timeout;
  std::string headless_task_failed;
  std::string message;  ///< for people
  uint64_t version = 0; ///< grows with every change; 0 where it is not told
};

/// What a status means for the build.
struct workspace_verdict {
  bool ended = false;
  /// While it has not ended: where it stands, in the build's own phases and in plain words.
  build_state phase = build_state::preparing;
  std::string words;
  /// Where it has ended: how it failed; none where its image decides.
  std::optional<run_failed> failure;
};

/// The meaning of a status (spec: engines.md, "wsman"): STOPPING and STOPPED end a build, in failure where a
/// condition says so; any other phase is running.
workspace_verdict verdict_of(const workspace_status& status);

/// True where `next` is to be believed after a status of version `known`: older ones are ignored.
bool is_news(uint64_t known, const workspace_status& next);

/// What a build fails with that has ended without an image, where its workspace tells no other reason;
/// `timeout`: see workspace_status.
run_failed no_image_failure(const std::string& timeout);

/// A build that ws-manager runs and nobody here knows: started by another image-builder before this one.
struct found_build {
  std::string build_id;
  std::string workspace_ref;
  std::string base_ref;
  std::string triggered_by;
  std::optional<int64_t> started_at_ms;
};

/// The build of a running workspace; none where it has ended, is not ours, or does not say what it builds.
std::optional<found_build> found_build_of(const workspace_status& status);

} // namespace ib
