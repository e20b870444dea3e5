#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ib::imgctl {

/// What the command line says, one struct per group of flags; empty means not given.

inline constexpr const char* default_address = "127.0.0.1:8080";
inline constexpr const char* default_debug_address = "127.0.0.1:6060";

/// Files for TLS; none of them: in the clear.
struct tls_options {
  std::string ca; ///< of the service's certificate
  std::string certificate;
  std::string key;
  std::string server_name; ///< that the service's certificate is for; empty: the address's host

  bool wanted() const { return !ca.empty() || !certificate.empty() || !key.empty() || !server_name.empty(); }
};

struct global_options {
  std::string address; ///< empty until it is found out (places.hpp), as the rest of where the service is
  tls_options tls;
  std::string config;           ///< file with the service's configuration
  std::string debug;            ///< HOST:PORT or URL of the debug endpoint
  std::string debug_token_file; ///< its first line is the token
  bool json = false;
  bool no_color = false;
};

/// What is to be built. Exactly one of `git`, `ref` and `source_file` is set.
struct source_options {
  std::string git;
  std::string branch;
  std::string commit;
  std::string dockerfile = "Dockerfile";
  std::string context;
  std::string git_user;
  std::string git_password_env;  ///< name of the environment variable that holds the password
  std::string git_password_file; ///< file whose first line is the password
  std::string git_ots;
  std::string ref;
  std::string source_file; ///< "-" is standard input
};

/// Which registry credentials the service may use.
struct auth_options {
  bool all = false;
  bool base_repository = false;
  bool workspace_repository = false;
  std::vector<std::string> domains;
  std::string registry_auth_file; ///< a Docker configuration; its `auths` travel with the request

  bool names_a_mode() const { return all || base_repository || workspace_repository || !domains.empty(); }
};

struct build_options {
  source_options source;
  auth_options auth;
  bool force = false;
  std::string triggered_by;
  std::string base_resolved;
  bool retry = false;
  bool detach = false;
  bool quiet = false;
};

struct logs_options {
  std::string target;  ///< a build id or an image reference
  bool follow = false; ///< on to the end of a running build; without it, what is there
  bool censored = false;
  int64_t offset = 0; ///< the first byte wanted
};

struct list_options {
  bool all = false; ///< builds that have ended, too; all else below belongs to it
  std::vector<std::string> states;
  std::string reference;
  std::string triggered_by;
  std::string since; ///< a point in time or an age: see moments.hpp
  std::string until;
  int limit = 50; ///< 0: all there are
  std::string page_token;
};

struct show_options {
  std::string target; ///< a build id or an image reference
};

struct cancel_options {
  std::string build_id;
  std::string reason;
};

struct actors_options {
  std::string match; ///< part of a path, a kind or an error
  bool watch = false;
};

struct top_options {
  bool once = false;
};

struct resolve_base_options {
  std::string ref;
  auth_options auth;
  bool retry = false;
};

struct resolve_workspace_options {
  source_options source;
  auth_options auth;
  bool retry = false;
};

enum class command {
  build,
  logs,
  list,
  show,
  cancel,
  resolve_base,
  resolve_workspace,
  actors,
  top,
  doctor,
  version,
  completion
};

struct command_line {
  command verb = command::version;
  global_options global;
  build_options build;
  logs_options logs;
  list_options list;
  show_options show;
  cancel_options cancel;
  resolve_base_options resolve_base;
  resolve_workspace_options resolve_workspace;
  actors_options actors;
  top_options top;
  std::string shell;
};

} // namespace ib::imgctl
