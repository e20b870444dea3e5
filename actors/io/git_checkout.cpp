#include "actors/io/checkout_parts.hpp"
#include "actors/io/context_path.hpp"
#include "actors/io/file_text.hpp"
#include "actors/io/git_command.hpp"

#include <system_error>

namespace ib::io {

namespace fs = std::filesystem;

namespace {

using arguments = std::vector<std::string>;

/// A failure over what was asked for: another way of fetching the same may avoid it. Not one of access, and
/// not our own stop.
bool is_refusal(const error& failure) {
  return failure.code == error_code::internal || failure.code == error_code::not_found;
}

/// One repository on its way into its folder (spec: engines.md, "Preparing").
class repository_checkout {
public:
  repository_checkout(const git_initializer& git, const git_command& command, const checkout_place& place,
                      fs::path tree, std::string field)
      : git_(git), command_(command), place_(place), tree_(std::move(tree)), field_(std::move(field)) {}

  task<result<void>> carry_out(std::string remote_url, std::string upstream_url) {
    auto creating = create(std::move(remote_url), std::move(upstream_url));
    auto done = co_await creating;
    if (!done) co_return done;
    auto checking_out = check_out_target();
    done = co_await checking_out;
    if (!done) co_return done;
    auto reporting = report();
    done = co_await reporting;
    if (!done) co_return done;
    auto updating = update_submodules();
    done = co_await updating;
    co_return done;
  }

private:
  task<result<void>> create(std::string remote_url, std::string upstream_url) {
    auto creating = git("init", "--quiet", "--template=");
    auto done = co_await creating;
    if (!done) co_return done;
    for (const auto& [key, value] : git_.config) {
      auto configuring = git("config", "--local", key, value);
      done = co_await configuring;
      if (!done) co_return done;
    }
    auto adding = git("remote", "add", "origin", std::move(remote_url));
    done = co_await adding;
    if (!done || upstream_url.empty()) co_return done;
    auto adding_upstream = git("remote", "add", "upstream", std::move(upstream_url));
    done = co_await adding_upstream;
    co_return done;
  }

  task<result<void>> check_out_target() {
    switch (git_.target_mode) {
    case clone_target_mode::remote_head:
    case clone_target_mode::local_branch:
      return check_out_head();
    case clone_target_mode::remote_branch:
      return check_out_remote_branch(git_.clone_target, git_.clone_target, "--track");
    case clone_target_mode::remote_commit:
      return check_out_commit();
    }
    return failed(bad_field(field_ + ".target_mode", "unknown target mode"));
  }

  static task<result<void>> failed(error why) { co_return why; }

  /// The remote's default branch, or its bare HEAD where that names no branch.
  task<result<void>> check_out_head() {
    auto listing = command_.query(words("ls-remote", "--symref", "origin", "HEAD"));
    auto listed = co_await listing;
    if (!listed) co_return listed.error();
    if (listed->empty())
      co_return error{error_code::not_found,
                      "git repository " + shown_url(git_.remote_uri) + " has no commits",
                      field_ + ".remote_uri"};
    auto branch = default_branch(*listed);
    const bool local = git_.target_mode == clone_target_mode::local_branch;
    auto checking_out = branch.empty() ? check_out_nameless_head()
                        : local        ? check_out_remote_branch(git_.clone_target, branch, "--no-track")
                                       : check_out_remote_branch(branch, branch, "--track");
    auto done = co_await checking_out;
    co_return done;
  }

  /// From "ref: refs/heads/main\tHEAD". A name like an option is the remote's doing: then it counts as none.
  static std::string default_branch(const std::string& listed) {
    const std::string begin = "ref: refs/heads/";
    if (listed.compare(0, begin.size(), begin) != 0) return {};
    auto name = listed.substr(begin.size(), listed.find_first_of("\t\n") - begin.size());
    return name.empty() || name.front() == '-' ? std::string() : name;
  }

  task<result<void>> check_out_nameless_head() {
    auto fetching = fetch("+HEAD:refs/remotes/origin/HEAD");
    auto done = co_await fetching;
    if (!done) co_return done;
    auto checking_out =
        git_.target_mode == clone_target_mode::local_branch
            ? git("checkout", "--quiet", "--no-track", "-B", git_.clone_target, "refs/remotes/origin/HEAD")
            : git("checkout", "--quiet", "--detach", "refs/remotes/origin/HEAD");
    done = co_await checking_out;
    co_return done;
  }

  task<result<void>> check_out_remote_branch(std::string local, std::string remote, std::string track) {
    if (git_.full_clone) {
      auto fetching = fetch_everything();
      auto done = co_await fetching;
      if (!done) co_return done;
    }
    auto fetching = fetch("+refs/heads/" + remote + ":refs/remotes/origin/" + remote);
    auto done = co_await fetching;
    if (!done) co_return done;
    auto checking_out = git("checkout", "--quiet", track, "-B", local, "refs/remotes/origin/" + remote);
    done = co_await checking_out;
    co_return done;
  }

  task<result<void>> check_out_commit() {
    auto fetching = fetch_commit();
    auto done = co_await fetching;
    if (!done) co_return done;
    auto checking_out = git("checkout", "--quiet", "--detach", git_.clone_target + "^{commit}");
    done = co_await checking_out;
    if (done || !is_refusal(done.error())) co_return done;
    auto looking = has_commit();
    auto there = co_await looking;
    co_return there ? done : result<void>(no_such_commit());
  }

  /// By id, as servers with protocol version 2 allow: whatever it names is there then. Else everything,
  /// with the commit somewhere in it. An abbreviated id can only be looked up in what is here.
  task<result<void>> fetch_commit() {
    auto whole_id = git_.clone_target.size() == 40 || git_.clone_target.size() == 64;
    if (whole_id && !git_.full_clone) {
      auto fetching = fetch(git_.clone_target);
      auto done = co_await fetching;
      if (done || !is_refusal(done.error())) co_return done;
    }
    auto fetching_all = fetch_everything();
    auto done = co_await fetching_all;
    if (!done) co_return done;
    auto looking = has_commit();
    auto there = co_await looking;
    if (there) co_return done;
    if (whole_id && git_.full_clone) {
      // With full history wanted the id comes second: a commit that no branch holds any more.
      auto fetching = fetch(git_.clone_target);
      done = co_await fetching;
      if (done || !is_refusal(done.error())) co_return done;
    }
    co_return no_such_commit();
  }

  error no_such_commit() const {
    return {error_code::not_found,
            "commit " + git_.clone_target + " is not in git repository " + shown_url(git_.remote_uri),
            field_ + ".clone_taget"};
  }

  task<bool> has_commit() {
    auto asking = command_.query(words("rev-parse", "--quiet", "--verify", git_.clone_target + "^{commit}"));
    auto found = co_await asking;
    co_return found.has_value();
  }

  /// Fetches one thing: as little of it as there is, unless everything is wanted.
  task<result<void>> fetch(std::string refspec) {
    auto all = words("fetch", "--no-progress", "--no-recurse-submodules", "--no-tags");
    if (!git_.full_clone) all.insert(all.end(), {"--depth", "1"});
    all.insert(all.end(), {"origin", std::move(refspec)});
    return command_.run(std::move(all));
  }

  task<result<void>> fetch_everything() {
    return git("fetch", "--no-progress", "--no-recurse-submodules", "--tags", "origin",
               "+refs/heads/*:refs/remotes/origin/*");
  }

  task<result<void>> report() {
    auto head = detached_head();
    if (head.empty()) {
      auto asking = command_.query(words("rev-parse", "HEAD"));
      auto named = co_await asking;
      if (!named) co_return named.error();
      head = *named;
    }
    place_.say("checked out commit " + head.substr(0, head.find('\n')));
    co_return result<void>();
  }

  /// The commit's id where HEAD holds it itself and names no branch: no program has to be started for it.
  std::string detached_head() const {
    auto head = text_of_file(tree_ / ".git" / "HEAD");
    return head.starts_with("ref:") ? std::string() : head;
  }

  /// Shallow first. A server that refuses a commit by its id makes that fail where the commit is not the
  /// newest of a branch: then everything again with full history.
  task<result<void>> update_submodules() {
    std::error_code failed;
    if (!fs::exists(fs::symlink_status(tree_ / ".gitmodules", failed))) co_return result<void>();
    auto update = words("submodule", "update", "--init", "--recursive");
    if (!git_.full_clone) {
      auto shallow = update;
      shallow.insert(shallow.end(), {"--depth", "1"});
      auto updating = command_.run(std::move(shallow));
      auto done = co_await updating;
      if (done || !is_refusal(done.error())) co_return done;
      place_.say("fetching the submodules with their history");
      auto undoing = git("submodule", "--quiet", "deinit", "--force", "--all");
      done = co_await undoing;
      if (!done) co_return done;
      fs::remove_all(tree_ / ".git" / "modules", failed);
    }
    auto updating = command_.run(std::move(update));
    auto done = co_await updating;
    co_return done;
  }

  /// The words of a command line.
  template <class... Words>
  static arguments words(Words... all) {
    arguments list;
    list.reserve(sizeof...(all));
    (list.emplace_back(std::move(all)), ...);
    return list;
  }

  template <class... Words>
  task<result<void>> git(Words... all) const {
    return command_.run(words(std::move(all)...));
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

task<result<void>> check_out_git(const git_initializer& git, const checkout_place& place, std::string field) {
  auto allow_file = place.settings.allow_file_protocol;
  auto remote = parse_git_remote(git.remote_uri, allow_file, field + ".remote_uri");
  if (!remote) co_return remote.error();
  std::string upstream_url;
  if (!git.upstream_remote_uri.empty()) {
    auto upstream = parse_git_remote(git.upstream_remote_uri, allow_file, field + ".upstream_Remote_uri");
    if (!upstream) co_return upstream.error();
    upstream_url = upstream->url;
  }
  auto tree = create_tree(git, place, field + ".checkout_location");
  if (!tree) co_return tree.error();
  place.say("cloning " + shown_url(remote->url));
  auto resolving = resolve_git_credentials(git.auth, *remote, place, field + ".config.auth_ots");
  auto credentials = co_await resolving;
  if (!credentials) co_return credentials.error();
  git_command command(git, *remote, *credentials, place, *tree);
  repository_checkout checkout(git, command, place, *tree, field);
  auto checking_out = checkout.carry_out(remote->url, upstream_url);
  auto done = co_await checking_out;
  co_return done;
}

} // namespace ib::io
