#include "actors/io/checkout_parts.hpp"
#include "actors/io/context_path.hpp"
#include "actors/io/file_text.hpp"
#include "actors/io/git_command.hpp"

#include <system_error>

namespace ib::io {

namespace fs = std::filesystem;

namespace {

using arguments = std::vector<std::string>;

/// A failure that another way of fetching the same may avoid: not one of access, and not our own stop.
bool is_refusal(const error& failure) {
  return failure.code == error_code::internal || failure.code == error_code::not_found;
}

/// One repository on its way into its folder (spec: engines.md, "Preparing").
class repository_checkout {
public:
  repository_checkout(const git_initializer& git, const git_command& command, const checkout_place& place,
                      fs::path tree, std::string field)
      : git_(git), command_(command), place_(place), tree_(std::move(tree)), field_(std::move(field)) {}

  result<void> carry_out(const git_remote& remote, const std::string& upstream_url) {
    if (auto done = create(remote, upstream_url); !done) return done;
    if (auto done = check_out_target(); !done) return done;
    if (auto done = report(); !done) return done;
    return update_submodules();
  }

private:
  result<void> create(const git_remote& remote, const std::string& upstream_url) {
    if (auto done = command_.run({"init", "--quiet", "--template="}); !done) return done;
    for (const auto& [key, value] : git_.config)
      if (auto done = command_.run({"config", "--local", key, value}); !done) return done;
    if (auto done = command_.run({"remote", "add", "origin", remote.url}); !done) return done;
    if (upstream_url.empty()) return {};
    return command_.run({"remote", "add", "upstream", upstream_url});
  }

  result<void> check_out_target() {
    switch (git_.target_mode) {
    case clone_target_mode::remote_head:
    case clone_target_mode::local_branch:
      return check_out_head();
    case clone_target_mode::remote_branch:
      if (auto done = fetch_branch(git_.clone_target); !done) return done;
      return check_out_branch(git_.clone_target, git_.clone_target, "--track");
    case clone_target_mode::remote_commit:
      return check_out_commit();
    }
    return bad_field(field_ + ".target_mode", "unknown target mode");
  }

  /// The remote's default branch, or its bare HEAD where that names no branch.
  result<void> check_out_head() {
    auto listed = command_.query({"ls-remote", "--symref", "origin", "HEAD"});
    if (!listed) return listed.error();
    if (listed->empty())
      return error{error_code::not_found, "git repository " + shown_url(git_.remote_uri) + " has no commits",
                   field_ + ".remote_uri"};
    auto branch = default_branch(*listed);
    if (branch.empty()) return check_out_nameless_head();
    if (auto done = fetch_branch(branch); !done) return done;
    if (git_.target_mode == clone_target_mode::local_branch)
      return check_out_branch(git_.clone_target, branch, "--no-track");
    return check_out_branch(branch, branch, "--track");
  }

  /// From "ref: refs/heads/main\tHEAD". A name like an option is the remote's doing: then it counts as none.
  static std::string default_branch(const std::string& listed) {
    const std::string begin = "ref: refs/heads/";
    if (listed.compare(0, begin.size(), begin) != 0) return {};
    auto name = listed.substr(begin.size(), listed.find_first_of("\t\n") - begin.size());
    return name.empty() || name.front() == '-' ? std::string() : name;
  }

  result<void> check_out_nameless_head() {
    if (auto done = fetch({"+HEAD:refs/remotes/origin/HEAD"}); !done) return done;
    if (git_.target_mode == clone_target_mode::local_branch)
      return command_.run(
          {"checkout", "--quiet", "--no-track", "-B", git_.clone_target, "refs/remotes/origin/HEAD"});
    return command_.run({"checkout", "--quiet", "--detach", "refs/remotes/origin/HEAD"});
  }

  result<void> fetch_branch(const std::string& name) {
    if (git_.full_clone)
      if (auto done = fetch_everything(); !done) return done;
    return fetch({"+refs/heads/" + name + ":refs/remotes/origin/" + name});
  }

  result<void> check_out_branch(const std::string& local, const std::string& remote,
                                const std::string& track) {
    return command_.run({"checkout", "--quiet", track, "-B", local, "refs/remotes/origin/" + remote});
  }

  /// By id, as servers with protocol version 2 allow; else everything, with the commit somewhere in it. An
  /// abbreviated id can only be looked up in what is here.
  result<void> check_out_commit() {
    auto whole_id = git_.clone_target.size() == 40 || git_.clone_target.size() == 64;
    auto by_id = whole_id && !git_.full_clone;
    if (by_id) {
      auto fetched = fetch({git_.clone_target});
      if (!fetched && !is_refusal(fetched.error())) return fetched;
      by_id = fetched.has_value();
    }
    if (!by_id)
      if (auto done = fetch_everything(); !done) return done;
    // With full history wanted the id comes second: a commit that no branch holds any more.
    if (whole_id && git_.full_clone && !has_commit())
      if (auto done = fetch({git_.clone_target}); !done && !is_refusal(done.error())) return done;
    if (!has_commit())
      return error{error_code::not_found,
                   "commit " + git_.clone_target + " is not in git repository " + shown_url(git_.remote_uri),
                   field_ + ".clone_taget"};
    return command_.run({"checkout", "--quiet", "--detach", git_.clone_target + "^{commit}"});
  }

  bool has_commit() {
    return command_.query({"rev-parse", "--quiet", "--verify", git_.clone_target + "^{commit}"}).has_value();
  }

  /// Fetches one thing: as little of it as there is, unless everything is wanted.
  result<void> fetch(const arguments& refspecs) {
    arguments all{"fetch", "--no-progress", "--no-recurse-submodules", "--no-tags"};
    if (!git_.full_clone) all.insert(all.end(), {"--depth", "1"});
    all.push_back("origin");
    all.insert(all.end(), refspecs.begin(), refspecs.end());
    return command_.run(std::move(all));
  }

  result<void> fetch_everything() {
    return command_.run({"fetch", "--no-progress", "--no-recurse-submodules", "--tags", "origin",
                         "+refs/heads/*:refs/remotes/origin/*"});
  }

  result<void> report() {
    auto head = detached_head();
    if (head.empty()) {
      auto named = command_.query({"rev-parse", "HEAD"});
      if (!named) return named.error();
      head = *named;
    }
    place_.say("checked out commit " + head.substr(0, head.find('\n')));
    return {};
  }

  /// The commit's id where HEAD holds it itself and names no branch: no program has to be started for it.
  std::string detached_head() const {
    auto head = text_of_file(tree_ / ".git" / "HEAD");
    return head.starts_with("ref:") ? std::string() : head;
  }

  /// Shallow first. A server that refuses a commit by its id makes that fail where the commit is not the
  /// newest of a branch: then everything again with full history.
  result<void> update_submodules() {
    std::error_code failed;
    if (!fs::exists(fs::symlink_status(tree_ / ".gitmodules", failed))) return {};
    arguments update{"submodule", "update", "--init", "--recursive"};
    if (git_.full_clone) return command_.run(update);
    auto shallow = update;
    shallow.insert(shallow.end(), {"--depth", "1"});
    auto done = command_.run(shallow);
    if (done || !is_refusal(done.error())) return done;
    place_.say("fetching the submodules with their history");
    if (auto undone = command_.run({"submodule", "--quiet", "deinit", "--force", "--all"}); !undone)
      return undone;
    fs::remove_all(tree_ / ".git" / "modules", failed);
    return command_.run(update);
  }

  const git_initializer& git_;
  const git_command& command_;
  const checkout_place& place_;
  fs::path tree_;
  std::string field_;
};

result<fs::path> create_tree(const git_initializer& git, const checkout_place& place,
                             const std::string& field) {
  auto location = relative_path(git.checkout_location, workspace_prefix::kept, field);
  if (!location) return location;
  auto tree = create_folder_below(place.root, *location, field);
  if (!tree) return tree;
  if (touches_git_folder(tree->lexically_relative(place.root)))
    return bad_field(field, "nothing can be checked out into a .git folder");
  std::error_code failed;
  if (fs::exists(fs::symlink_status(*tree / ".git", failed)))
    return bad_field(field, "\"" + location->string() + "\" holds a git repository already");
  return tree;
}

} // namespace

result<void> check_out_git(const git_initializer& git, const checkout_place& place,
                           const std::string& field) {
  auto allow_file = place.settings.allow_file_protocol;
  auto remote = parse_git_remote(git.remote_uri, allow_file, field + ".remote_uri");
  if (!remote) return remote.error();
  std::string upstream_url;
  if (!git.upstream_remote_uri.empty()) {
    auto upstream = parse_git_remote(git.upstream_remote_uri, allow_file, field + ".upstream_Remote_uri");
    if (!upstream) return upstream.error();
    upstream_url = upstream->url;
  }
  auto tree = create_tree(git, place, field + ".checkout_location");
  if (!tree) return tree.error();
  place.say("cloning " + shown_url(remote->url));
  auto credentials = resolve_git_credentials(git.auth, *remote, place, field + ".config.auth_ots");
  if (!credentials) return credentials.error();
  git_command command(git, *remote, *credentials, place, *tree);
  return repository_checkout(git, command, place, *tree, field).carry_out(*remote, upstream_url);
}

} // namespace ib::io
