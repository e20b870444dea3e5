#pragma once

#include "actors/domain/trace_context.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace ib {

/// How a git remote is authenticated (spec: api.md, GitConfig).
struct git_auth {
  enum class kind : uint8_t { none, basic, basic_one_time };
  kind method = kind::none;
  std::string user;
  std::string password;
  std::string one_time_url; ///< its GET answer is "user:password"
};

enum class clone_target_mode : uint8_t { remote_head, remote_commit, remote_branch, local_branch };

/// True for git configuration that carries credentials by its nature (`http.extraheader` and
/// `http.<url>.extraheader`; git's keys do not depend on case): it enters no hash and no log.
bool is_credential_config(std::string_view key);

/// Check out one git repository. Field values are the request's bytes as they came: the image hash depends on
/// them.
struct git_initializer {
  std::string remote_uri;
  std::string upstream_remote_uri;
  clone_target_mode target_mode = clone_target_mode::remote_head;
  std::string clone_target;
  std::string checkout_location; ///< relative to the context root
  std::map<std::string, std::string> config;
  git_auth auth;
  bool full_clone = false;
};

struct download_file {
  std::string url;
  std::string file_path; ///< below the target location
  std::string digest;    ///< "sha256:<hex>", or empty for unchecked
};

/// Download files into a folder below the context root.
struct download_initializer {
  std::vector<download_file> files;
  std::string target_location;
};

/// Nothing to prepare.
struct empty_initializer {};

/// The git repositories of a prebuild. Its snapshot is only passed on, to an engine that knows what to do
/// with it: it enters no hash.
struct prebuild_initializer {
  std::vector<git_initializer> git;
  std::string snapshot;
  bool from_volume_snapshot = false;
};

struct initializer;

/// Several initializers, carried out in order.
struct composite_initializer {
  std::vector<initializer> parts;
};

/// What fills the context folder before a build.
struct initializer {
  std::variant<empty_initializer, git_initializer, download_initializer, prebuild_initializer,
               composite_initializer>
      spec;
};

/// Build from an existing image.
struct reference_source {
  std::string ref; ///< as the request has it, not normalised
};

/// Build from a Dockerfile.
struct dockerfile_source {
  initializer source;
  std::string dockerfile_version;
  std::string dockerfile_path;
  std::string context_path;
};

using build_source = std::variant<reference_source, dockerfile_source>;

/// Credentials a request brings and allows (spec: images.md, "Credentials").
struct request_auth {
  enum class kind : uint8_t { none, total, selective };
  kind mode = kind::none;
  bool allow_all = false;                        ///< total
  bool allow_base_repository = false;            ///< selective
  bool allow_workspace_repository = false;       ///< selective
  std::vector<std::string> any_of;               ///< selective: registry domains, exact match
  std::map<std::string, std::string> additional; ///< registry domain -> base64 of "user:password"
};

/// A checked BuildRequest (spec: api.md).
struct build_request {
  std::optional<build_source> source;
  request_auth auth;
  bool force_rebuild = false;
  std::string triggered_by;
  std::string supervisor_ref;
  std::string base_image_name_resolved;
  bool use_retry_client = false;
  trace_context trace; ///< of the call
};

} // namespace ib
