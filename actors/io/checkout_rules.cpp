#include "actors/io/checkout.hpp"
#include "actors/io/context_path.hpp"
#include "actors/io/git_config_rules.hpp"
#include "actors/io/git_remote.hpp"

#include <algorithm>
#include <cctype>

namespace ib::io {

namespace {

constexpr size_t max_url_bytes = 4096;
constexpr size_t max_ref_bytes = 1024;
constexpr size_t max_secret_bytes = 64 * 1024;
constexpr size_t max_parts = 1000;
constexpr int max_depth = 32;

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }
bool holds_control(std::string_view text) { return std::any_of(text.begin(), text.end(), is_control); }
bool is_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isxdigit(c) != 0; });
}

/// A name below refs/heads by the rules of git-check-ref-format(1), and no option.
bool is_branch_name(std::string_view name) {
  if (name.empty() || name.size() > max_ref_bytes || name.front() == '-' || name == "@" || name == "HEAD")
    return false;
  if (holds_control(name) || name.find_first_of(" ~^:?*[\\") != std::string_view::npos) return false;
  if (name.find("..") != std::string_view::npos || name.find("@{") != std::string_view::npos) return false;
  if (name.back() == '.') return false;
  while (true) {
    auto part = name.substr(0, name.find('/'));
    if (part.empty() || part.front() == '.') return false;
    if (part.size() >= 5 && part.substr(part.size() - 5) == ".lock") return false;
    if (part.size() == name.size()) return true;
    name.remove_prefix(part.size() + 1);
  }
}

result<void> check_clone_target(const git_initializer& git, const std::string& field) {
  switch (git.target_mode) {
  case clone_target_mode::remote_head:
    return {};
  case clone_target_mode::remote_commit:
    // Seven digits are git's own shortest abbreviation; 64 is the length of a SHA-256 name.
    if (git.clone_target.size() < 7 || git.clone_target.size() > 64 || !is_hex(git.clone_target))
      return bad_field(field, "the commit to clone must be its id, 7 to 64 hexadecimal digits");
    return {};
  case clone_target_mode::remote_branch:
  case clone_target_mode::local_branch:
    if (!is_branch_name(git.clone_target))
      return bad_field(field, "the branch to clone is not a valid branch name");
    return {};
  }
  return bad_field(field, "unknown target mode");
}

/// An http or https URL, or a file URL where allowed.
result<void> check_download_url(const std::string& url, bool allow_file, const std::string& what,
                                const std::string& field) {
  if (url.empty()) return bad_field(field, what + " is missing");
  if (url.size() > max_url_bytes || holds_control(url) || url.find(' ') != std::string::npos)
    return bad_field(field, what + " is over-long or holds a space or control character");
  auto scheme = url.substr(0, std::min(url.find("://"), url.size()));
  std::transform(scheme.begin(), scheme.end(), scheme.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  if (scheme.size() + 3 >= url.size()) return bad_field(field, what + " is not a URL");
  if (scheme == "https" || scheme == "http" || (scheme == "file" && allow_file)) return {};
  return bad_field(field, what + " must be http or https");
}

result<void> check_git_auth(const git_auth& auth, const std::string& field) {
  // Line ends would let a value say more to git's credential protocol than it is.
  if (auth.user.size() > max_secret_bytes || holds_control(auth.user))
    return bad_field(field + ".auth_user", "the git user is over-long or holds a control character");
  if (auth.password.size() > max_secret_bytes || holds_control(auth.password))
    return bad_field(field + ".auth_password", "the git password is over-long or holds a control character");
  if (auth.method != git_auth::kind::basic_one_time) return {};
  return check_download_url(auth.one_time_url, false, "the one-time URL", field + ".auth_ots");
}

result<void> check_checkout_location(const std::string& location, const std::string& field) {
  auto path = relative_path(location, workspace_prefix::kept, field);
  if (!path) return path.error();
  if (touches_git_folder(*path)) return bad_field(field, "nothing can be checked out into a .git folder");
  return {};
}

result<void> check_git(const git_initializer& git, bool allow_file, const std::string& prefix) {
  auto remote = parse_git_remote(git.remote_uri, allow_file, prefix + ".remote_uri");
  if (!remote) return remote.error();
  if (!git.upstream_remote_uri.empty()) {
    auto upstream = parse_git_remote(git.upstream_remote_uri, allow_file, prefix + ".upstream_Remote_uri");
    if (!upstream) return upstream.error();
  }
  if (auto target = check_clone_target(git, prefix + ".clone_taget"); !target) return target;
  if (auto place = check_checkout_location(git.checkout_location, prefix + ".checkout_location"); !place)
    return place;
  if (auto config = check_git_config(git.config, prefix + ".config.custom_config"); !config) return config;
  return check_git_auth(git.auth, prefix + ".config");
}

/// sha256 is what our streams can check; a digest that nobody checks would be a promise not kept.
result<void> check_digest(const std::string& digest, const std::string& field) {
  constexpr std::string_view algorithm = "sha256:";
  if (digest.empty()) return {};
  auto known = digest.compare(0, algorithm.size(), algorithm) == 0;
  auto hex = known ? std::string_view(digest).substr(algorithm.size()) : std::string_view();
  auto lower = std::none_of(hex.begin(), hex.end(), [](unsigned char c) { return std::isupper(c) != 0; });
  if (hex.size() == 64 && is_hex(hex) && lower) return {};
  return bad_field(field, "the digest must be sha256: and 64 lower-case hexadecimal digits");
}

result<void> check_download(const download_initializer& download, bool allow_file,
                            const std::string& prefix) {
  auto folder = relative_path(download.target_location, workspace_prefix::kept, prefix + ".target_location");
  if (!folder) return folder.error();
  if (touches_git_folder(*folder))
    return bad_field(prefix + ".target_location", "nothing can be downloaded into a .git folder");
  if (download.files.size() > max_parts)
    return bad_field(prefix + ".files", "more than " + std::to_string(max_parts) + " files");
  for (size_t i = 0; i < download.files.size(); ++i) {
    const auto& file = download.files[i];
    auto at = prefix + ".files[" + std::to_string(i) + "]";
    if (auto url = check_download_url(file.url, allow_file, "the download URL", at + ".url"); !url)
      return url;
    auto path = relative_path(file.file_path, workspace_prefix::kept, at + ".file_path");
    if (!path) return path.error();
    if (*path == ".") return bad_field(at + ".file_path", "the file path is missing");
    if (file.file_path.back() == '/') return bad_field(at + ".file_path", "the file path names a folder");
    if (touches_git_folder(*path))
      return bad_field(at + ".file_path", "nothing can be downloaded into a .git folder");
    if (auto digest = check_digest(file.digest, at + ".digest"); !digest) return digest;
  }
  return {};
}

/// Walks the tree of initializers, counting: a request's size bounds it, but not enough.
class tree_check {
public:
  explicit tree_check(bool allow_file) : allow_file_(allow_file) {}

  result<void> check(const initializer& source, const std::string& prefix, int depth) {
    if (depth > max_depth) return bad_field(prefix, "initializers are nested too deep");
    if (++parts_ > max_parts)
      return bad_field(prefix, "more than " + std::to_string(max_parts) + " initializers");
    return std::visit([&](const auto& spec) { return check_spec(spec, prefix, depth); }, source.spec);
  }

private:
  result<void> check_spec(const empty_initializer&, const std::string&, int) { return {}; }
  result<void> check_spec(const git_initializer& git, const std::string& prefix, int) {
    return check_git(git, allow_file_, prefix + ".git");
  }
  result<void> check_spec(const download_initializer& download, const std::string& prefix, int) {
    return check_download(download, allow_file_, prefix + ".download");
  }
  result<void> check_spec(const prebuild_initializer& prebuild, const std::string& prefix, int) {
    for (size_t i = 0; i < prebuild.git.size(); ++i) {
      auto at = prefix + ".prebuild.git[" + std::to_string(i) + "]";
      if (++parts_ > max_parts)
        return bad_field(at, "more than " + std::to_string(max_parts) + " initializers");
      if (auto git = check_git(prebuild.git[i], allow_file_, at); !git) return git;
    }
    return {};
  }
  result<void> check_spec(const composite_initializer& composite, const std::string& prefix, int depth) {
    for (size_t i = 0; i < composite.parts.size(); ++i) {
      auto at = prefix + ".composite.initializer[" + std::to_string(i) + "]";
      if (auto part = check(composite.parts[i], at, depth + 1); !part) return part;
    }
    return {};
  }

  bool allow_file_;
  size_t parts_ = 0;
};

} // namespace

result<void> check_initializer(const initializer& source, bool allow_file_protocol,
                               const std::string& field_prefix) {
  return tree_check(allow_file_protocol).check(source, field_prefix, 0);
}

result<void> check_build_paths(const dockerfile_source& source, const std::string& field_prefix) {
  auto file =
      relative_path(source.dockerfile_path, workspace_prefix::dropped, field_prefix + ".dockerfile_path");
  if (!file) return file.error();
  auto context =
      relative_path(source.context_path, workspace_prefix::dropped, field_prefix + ".context_path");
  if (!context) return context.error();
  return {};
}

} // namespace ib::io
