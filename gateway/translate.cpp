#include "gateway/translate.hpp"

#include "actors/domain/reference.hpp"
#include "actors/io/checkout.hpp"

#include <utility>

namespace ib {

namespace {

constexpr int max_nesting = 10;
constexpr int max_parts = 100;
constexpr size_t max_text = 4096;
constexpr size_t max_secret = 64 * 1024;

error too_long(const std::string& field, size_t limit) {
  return bad_field(field, "is longer than " + std::to_string(limit) + " bytes");
}

result<void> check_length(const std::string& field, const std::string& text, size_t limit = max_text) {
  if (text.size() > limit) return too_long(field, limit);
  return {};
}

result<git_auth> to_auth(const contentservice::GitConfig& config, const std::string& field) {
  git_auth auth;
  switch (config.authentication()) {
  case contentservice::NO_AUTH:
    return auth;
  case contentservice::BASIC_AUTH:
    auth.method = git_auth::kind::basic;
    break;
  case contentservice::BASIC_AUTH_OTS:
    auth.method = git_auth::kind::basic_one_time;
    break;
  default:
    return bad_field(field + ".authentication", "unknown value " + std::to_string(config.authentication()) +
                                                    "; known are NO_AUTH, BASIC_AUTH and BASIC_AUTH_OTS");
  }
  auth.user = config.auth_user();
  auth.password = config.auth_password();
  auth.one_time_url = config.auth_ots();
  if (auth.password.size() > max_secret) return too_long(field + ".auth_password", max_secret);
  if (auth.method == git_auth::kind::basic_one_time && auth.one_time_url.empty())
    return bad_field(field + ".auth_ots", "is empty although BASIC_AUTH_OTS is asked for");
  return auth;
}

result<clone_target_mode> to_mode(contentservice::CloneTargetMode mode, const std::string& field) {
  switch (mode) {
  case contentservice::REMOTE_HEAD:
    return clone_target_mode::remote_head;
  case contentservice::REMOTE_COMMIT:
    return clone_target_mode::remote_commit;
  case contentservice::REMOTE_BRANCH:
    return clone_target_mode::remote_branch;
  case contentservice::LOCAL_BRANCH:
    return clone_target_mode::local_branch;
  default:
    return bad_field(field, "unknown value " + std::to_string(mode) +
                                "; known are REMOTE_HEAD, REMOTE_COMMIT, REMOTE_BRANCH and LOCAL_BRANCH");
  }
}

result<git_initializer> to_git(const contentservice::GitInitializer& git, const std::string& field) {
  git_initializer to;
  auto mode = to_mode(git.target_mode(), field + ".target_mode");
  if (!mode) return mode.error();
  auto auth = to_auth(git.config(), field + ".config");
  if (!auth) return auth.error();
  to.remote_uri = git.remote_uri();
  to.upstream_remote_uri = git.upstream_remote_uri();
  to.target_mode = *mode;
  to.clone_target = git.clone_taget();
  to.checkout_location = git.checkout_location();
  to.config = {git.config().custom_config().begin(), git.config().custom_config().end()};
  to.auth = std::move(*auth);
  to.full_clone = git.full_clone();
  for (const auto& [name, text] :
       {std::pair(".remote_uri", &to.remote_uri), std::pair(".upstream_Remote_uri", &to.upstream_remote_uri),
        std::pair(".clone_taget", &to.clone_target), std::pair(".checkout_location", &to.checkout_location)})
    if (auto checked = check_length(field + name, *text); !checked) return checked.error();
  return to;
}

result<download_initializer> to_download(const contentservice::FileDownloadInitializer& download,
                                         const std::string& field) {
  if (download.files_size() > max_parts * 10) return bad_field(field + ".files", "more than 1000 files");
  download_initializer to;
  to.target_location = download.target_location();
  if (auto checked = check_length(field + ".target_location", to.target_location); !checked)
    return checked.error();
  for (int i = 0; i < download.files_size(); ++i) {
    const auto& file = download.files(i);
    auto at = field + ".files[" + std::to_string(i) + "]";
    if (auto checked = check_length(at + ".url", file.url()); !checked) return checked.error();
    if (auto checked = check_length(at + ".file_path", file.file_path()); !checked) return checked.error();
    to.files.push_back({file.url(), file.file_path(), file.digest()});
  }
  return to;
}

result<prebuild_initializer> to_prebuild(const contentservice::PrebuildInitializer& prebuild,
                                         const std::string& field) {
  if (prebuild.git_size() == 0)
    return bad_field(field + ".git", "is empty: of a prebuild only its git repositories can be built from");
  if (prebuild.git_size() > max_parts) return bad_field(field + ".git", "more than 100 repositories");
  prebuild_initializer to;
  to.snapshot = prebuild.prebuild().snapshot();
  to.from_volume_snapshot = prebuild.prebuild().from_volume_snapshot();
  if (auto checked = check_length(field + ".prebuild.snapshot", to.snapshot); !checked)
    return checked.error();
  for (int i = 0; i < prebuild.git_size(); ++i) {
    auto git = to_git(prebuild.git(i), field + ".git[" + std::to_string(i) + "]");
    if (!git) return git.error();
    to.git.push_back(std::move(*git));
  }
  return to;
}

result<initializer> to_initializer(const contentservice::WorkspaceInitializer& from, const std::string& field,
                                   int depth);

result<composite_initializer> to_composite(const contentservice::CompositeInitializer& composite,
                                           const std::string& field, int depth) {
  if (depth >= max_nesting) return bad_field(field, "composite initializers are nested deeper than 10");
  if (composite.initializer_size() == 0) return bad_field(field + ".initializer", "is empty");
  if (composite.initializer_size() > max_parts)
    return bad_field(field + ".initializer", "more than 100 parts");
  composite_initializer to;
  for (int i = 0; i < composite.initializer_size(); ++i) {
    auto part = to_initializer(composite.initializer(i), field + ".initializer[" + std::to_string(i) + "]",
                               depth + 1);
    if (!part) return part.error();
    to.parts.push_back(std::move(*part));
  }
  return to;
}

template <class T>
result<initializer> wrapped(result<T> part) {
  if (!part) return part.error();
  return initializer{std::move(*part)};
}

result<initializer> to_initializer(const contentservice::WorkspaceInitializer& from, const std::string& field,
                                   int depth) {
  switch (from.spec_case()) {
  case contentservice::WorkspaceInitializer::kEmpty:
    return initializer{empty_initializer{}};
  case contentservice::WorkspaceInitializer::kGit:
    return wrapped(to_git(from.git(), field + ".git"));
  case contentservice::WorkspaceInitializer::kDownload:
    return wrapped(to_download(from.download(), field + ".download"));
  case contentservice::WorkspaceInitializer::kPrebuild:
    return wrapped(to_prebuild(from.prebuild(), field + ".prebuild"));
  case contentservice::WorkspaceInitializer::kComposite:
    return wrapped(to_composite(from.composite(), field + ".composite", depth));
  case contentservice::WorkspaceInitializer::kSnapshot:
    return bad_field(field + ".snapshot",
                     "images cannot be built from snapshots; use git, download, composite or empty");
  case contentservice::WorkspaceInitializer::kBackup:
    return bad_field(field + ".backup",
                     "images cannot be built from backups; use git, download, composite or empty");
  case contentservice::WorkspaceInitializer::SPEC_NOT_SET:
    return bad_field(field, "says nothing; use git, download, composite, prebuild or empty");
  }
  return bad_field(field, "is of an unknown kind");
}

result<build_source> to_source(const builder::BuildSource& from, const request_rules& rules) {
  switch (from.from_case()) {
  case builder::BuildSource::kRef: {
    auto parsed = parse_reference(from.ref().ref());
    if (!parsed) return bad_field("source.ref.ref", parsed.error().message);
    return build_source(reference_source{from.ref().ref()});
  }
  case builder::BuildSource::kFile: {
    const auto& file = from.file();
    if (!file.has_source()) return bad_field("source.file.source", "build source is missing");
    auto source = to_initializer(file.source(), "source.file.source", 0);
    if (!source) return source.error();
    if (auto done = io::check_initializer(*source, rules.allow_file_protocol, "source.file.source"); !done)
      return done.error();
    dockerfile_source to{std::move(*source), file.dockerfile_version(), file.dockerfile_path(),
                         file.context_path()};
    for (const auto& [name, text] : {std::pair("source.file.dockerfile_version", &to.dockerfile_version),
                                     std::pair("source.file.dockerfile_path", &to.dockerfile_path),
                                     std::pair("source.file.context_path", &to.context_path)})
      if (auto checked = check_length(name, *text); !checked) return checked.error();
    if (auto done = io::check_build_paths(to, "source.file"); !done) return done.error();
    return build_source(std::move(to));
  }
  case builder::BuildSource::FROM_NOT_SET:
    return bad_field("source", "build source is missing");
  }
  return bad_field("source", "is of an unknown kind");
}

result<request_auth> to_request_auth(const builder::BuildRegistryAuth& from) {
  request_auth auth;
  switch (from.mode_case()) {
  case builder::BuildRegistryAuth::kTotal:
    auth.mode = request_auth::kind::total;
    auth.allow_all = from.total().allow_all();
    break;
  case builder::BuildRegistryAuth::kSelective:
    auth.mode = request_auth::kind::selective;
    auth.allow_base_repository = from.selective().allow_baserep();
    auth.allow_workspace_repository = from.selective().allow_workspacerep();
    auth.any_of = {from.selective().any_of().begin(), from.selective().any_of().end()};
    break;
  case builder::BuildRegistryAuth::MODE_NOT_SET:
    break;
  }
  for (size_t i = 0; i < auth.any_of.size(); ++i)
    if (auto checked = check_length("auth.selective.any_of[" + std::to_string(i) + "]", auth.any_of[i], 255);
        !checked)
      return checked.error();
  auth.additional = {from.additional().begin(), from.additional().end()};
  for (const auto& [domain, value] : auth.additional) {
    if (auto checked = check_length("auth.additional", domain, 255); !checked) return checked.error();
    if (auto checked = check_length("auth.additional[" + domain + "]", value, max_secret); !checked)
      return checked.error();
  }
  return auth;
}

} // namespace

result<build_request> translate(const builder::BuildRequest& request, const request_rules& rules) {
  if (!request.has_source()) return bad_field("source", "build source is missing");
  auto source = to_source(request.source(), rules);
  if (!source) return source.error();
  auto auth = to_request_auth(request.auth());
  if (!auth) return auth.error();
  for (const auto& [name, text] :
       {std::pair("triggered_by", &request.triggered_by()),
        std::pair("supervisor_ref", &request.supervisor_ref()),
        std::pair("base_image_name_resolved", &request.base_image_name_resolved())})
    if (auto checked = check_length(name, *text); !checked) return checked.error();
  return build_request{std::move(*source),        std::move(*auth),
                       request.force_rebuild(),   request.triggered_by(),
                       request.supervisor_ref(),  request.base_image_name_resolved(),
                       request.use_retry_client()};
}

result<build_request> translate(const builder::ResolveWorkspaceImageRequest& request,
                                const request_rules& rules) {
  builder::BuildRequest as_build;
  if (request.has_source()) *as_build.mutable_source() = request.source();
  if (request.has_auth()) *as_build.mutable_auth() = request.auth();
  as_build.set_use_retry_client(request.use_retry_client());
  return translate(as_build, rules);
}

result<resolve_request> translate(const builder::ResolveBaseImageRequest& request) {
  auto ref = parse_reference(request.ref());
  if (!ref) return bad_field("ref", ref.error().message);
  auto auth = to_request_auth(request.auth());
  if (!auth) return auth.error();
  return resolve_request{std::move(*ref), std::move(*auth), request.use_retry_client()};
}

} // namespace ib
