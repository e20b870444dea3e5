#pragma once

#include "actors/domain/build_source.hpp"
#include "actors/domain/result.hpp"
#include "actors/io/task.hpp"

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

namespace ib::io {

class fault_points;
class output_gate;
class run_threads;

/// What one-time URLs have answered, by URL. They answer once only, but a build may need the credentials
/// again: for another repository of its source, or when it is tried once more. Used by one checkout at a
/// time.
using one_time_answers = std::map<std::string, std::string>;

/// What filling a context folder may do and whom it tells.
struct checkout_settings {
  bool allow_file_protocol = false;                ///< git remotes and downloads from file:// and local paths
  std::function<void(std::string_view)> on_output; ///< progress text for the build's log, without secrets
  const output_gate* gate = nullptr;               ///< of that output, see process_spec; may be null
  std::shared_ptr<one_time_answers> answers; ///< of the whole build; without it each URL is asked each time
  /// Told what a one-time URL has just answered; it is used once this is through.
  std::function<task<result<void>>(std::string url, std::string answer)> on_answer;
  std::map<std::string, std::string> marks; ///< variables that every child process gets
  fault_points* faults = nullptr;           ///< where faults are injected, else null
  std::string build_id;                     ///< whose checkout it is, where faults are injected
};

/// Checks an initializer without doing anything: allowed protocols and URL forms, paths that stay inside the
/// context root, config keys that cannot run programs, no option-like values. The error's `field` is a path
/// below `field_prefix` with the names of the wire format (spec: api.md, package contentservice):
/// "source.file.source.git.remote_uri".
result<void> check_initializer(const initializer& source, bool allow_file_protocol,
                               const std::string& field_prefix);

/// Checks Dockerfile and context path of a source in the same way (no escape from the context root).
result<void> check_build_paths(const dockerfile_source& source, const std::string& field_prefix);

/// Carries out an initializer below `context_root`, an existing empty folder (spec: engines.md, "Preparing").
/// `private_folder` is an existing folder of mode 0700 outside of it, for helper files that may hold secrets;
/// they are gone when this returns. invalid_argument, not_found, unauthenticated, permission_denied and
/// data_corrupt (a download of another digest) blame the source; unavailable and too_many_requests the
/// network or a peer, resource_exhausted a download over 4 GiB or a full disk; cancelled is the stop token's.
/// `source` and `settings` outlive the task.
task<result<void>> prepare_context(run_threads& threads, const initializer& source,
                                   std::filesystem::path context_root, std::filesystem::path private_folder,
                                   const checkout_settings& settings, std::stop_token stop);

/// Where a build finds its Dockerfile and context folder.
struct build_paths {
  std::filesystem::path dockerfile; ///< absolute, an existing file
  std::filesystem::path context;    ///< absolute, an existing folder
};

/// Applies dockerfile_path and context_path to a prepared context root (leading "/workspace" dropped; empty
/// Dockerfile path means "Dockerfile"; empty context means the Dockerfile's folder); symbolic links must not
/// lead out of the root.
result<build_paths> locate_build_paths(const dockerfile_source& source,
                                       const std::filesystem::path& context_root);

} // namespace ib::io
