#include "tools/imgctl/request.hpp"

#include "tools/imgctl/docker_config.hpp"
#include "tools/imgctl/source_file.hpp"

#include <optional>

namespace ib::imgctl {
namespace {

/// True for a URL like https://user:secret@host/…: a secret in the arguments is there for all to see.
bool carries_password(const std::string& url) {
  const auto scheme = url.find("://");
  if (scheme == std::string::npos) return false;
  const auto authority = url.substr(scheme + 3, url.find_first_of("/?#", scheme + 3) - scheme - 3);
  const auto at = authority.rfind('@');
  return at != std::string::npos && authority.substr(0, at).find(':') != std::string::npos;
}

outcome<std::string> git_password(const source_options& options, const environment& env) {
  if (!options.git_password_env.empty()) {
    auto value = env(options.git_password_env);
    if (!value || value->empty())
      return usage_error("--git-password-env: the environment has no value for " + options.git_password_env);
    return *value;
  }
  if (options.git_password_file.empty())
    return usage_error("--git-user needs a password: --git-password-env or --git-password-file");
  auto content = read_input("--git-password-file", options.git_password_file);
  if (!content) return content.why();
  return content->substr(0, content->find_first_of("\r\n"));
}

std::optional<failure> set_git_auth(contentservice::GitInitializer& git, const source_options& options,
                                    const environment& env) {
  if (!options.git_ots.empty()) {
    git.mutable_config()->set_authentication(contentservice::BASIC_AUTH_OTS);
    git.mutable_config()->set_auth_ots(options.git_ots);
  } else if (!options.git_user.empty()) {
    auto password = git_password(options, env);
    if (!password) return password.why();
    git.mutable_config()->set_authentication(contentservice::BASIC_AUTH);
    git.mutable_config()->set_auth_user(options.git_user);
    git.mutable_config()->set_auth_password(*password);
  }
  return std::nullopt;
}

outcome<builder::BuildSource> git_source(const source_options& options, const environment& env) {
  if (carries_password(options.git))
    return usage_error("--git: the URL carries a password, which every user of this machine could see; "
                       "use --git-user with --git-password-env or --git-password-file");
  builder::BuildSource source;
  auto& file = *source.mutable_file();
  file.set_dockerfile_path(options.dockerfile);
  file.set_context_path(options.context);
  auto& git = *file.mutable_source()->mutable_git();
  git.set_remote_uri(options.git);
  if (!options.commit.empty()) {
    git.set_target_mode(contentservice::REMOTE_COMMIT);
    git.set_clone_taget(options.commit);
  } else if (!options.branch.empty()) {
    git.set_target_mode(contentservice::REMOTE_BRANCH);
    git.set_clone_taget(options.branch);
  }
  if (auto fault = set_git_auth(git, options, env)) return *fault;
  return source;
}

/// The request before the flags that do not describe the source.
outcome<builder::BuildRequest> from_source(const source_options& options, const environment& env) {
  if (!options.source_file.empty()) return read_source_file(options.source_file);
  builder::BuildRequest request;
  if (!options.ref.empty()) {
    request.mutable_source()->mutable_ref()->set_ref(options.ref);
  } else if (!options.git.empty()) {
    auto source = git_source(options, env);
    if (!source) return source.why();
    *request.mutable_source() = *source;
  } else {
    return usage_error("nothing to build: say --git URL, --ref IMAGE or --source FILE");
  }
  return request;
}

/// Puts what the flags allow and bring into `message`, a request with a field `auth`.
template <class Request>
std::optional<failure> set_auth(Request& message, const auth_options& options) {
  if (options.all) {
    message.mutable_auth()->mutable_total()->set_allow_all(true);
  } else if (options.names_a_mode()) {
    auto& selective = *message.mutable_auth()->mutable_selective();
    selective.Clear(); // the flags replace what a --source file allows, they do not widen it
    selective.set_allow_baserep(options.base_repository);
    selective.set_allow_workspacerep(options.workspace_repository);
    for (const auto& domain : options.domains)
      selective.add_any_of(domain);
  }
  if (options.registry_auth_file.empty()) return std::nullopt;
  auto content = read_input("--registry-auth-file", options.registry_auth_file);
  if (!content) return content.why();
  auto auths = parse_docker_config(*content);
  if (!auths)
    return failure{auths.why().code,
                   "--registry-auth-file: " + options.registry_auth_file + ": " + auths.why().message};
  for (const auto& [domain, auth] : *auths)
    (*message.mutable_auth()->mutable_additional())[domain] = auth;
  return std::nullopt;
}

} // namespace

outcome<builder::BuildRequest> make_build_request(const build_options& options, const environment& env) {
  auto request = from_source(options.source, env);
  if (!request) return request;
  if (auto fault = set_auth(*request, options.auth)) return *fault;
  if (options.force) request->set_force_rebuild(true);
  if (options.retry) request->set_use_retry_client(true);
  if (!options.triggered_by.empty()) request->set_triggered_by(options.triggered_by);
  if (!options.base_resolved.empty()) request->set_base_image_name_resolved(options.base_resolved);
  return request;
}

outcome<builder::ResolveWorkspaceImageRequest> make_resolve_request(const resolve_workspace_options& options,
                                                                    const environment& env) {
  auto described = from_source(options.source, env);
  if (!described) return described.why();
  builder::ResolveWorkspaceImageRequest request;
  *request.mutable_source() = described->source();
  if (described->has_auth()) *request.mutable_auth() = described->auth();
  request.set_use_retry_client(options.retry || described->use_retry_client());
  if (auto fault = set_auth(request, options.auth)) return *fault;
  return request;
}

outcome<builder::ResolveBaseImageRequest> make_resolve_request(const resolve_base_options& options) {
  builder::ResolveBaseImageRequest request;
  request.set_ref(options.ref);
  request.set_use_retry_client(options.retry);
  if (auto fault = set_auth(request, options.auth)) return *fault;
  return request;
}

} // namespace ib::imgctl
