#include "tests/io/checkout_fixture.hpp"
#include "tests/support/temp_dir.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <thread>

using namespace ib;
using namespace ib::test;

namespace fs = std::filesystem;

TEST_CASE_METHOD(checkout_fixture, "the remote's head is its default branch, whatever its name") {
  auto path = GENERATE(as<std::string>(), "main", "trunk");
  auto source = git(path == "main" ? "/open/app.git" : "/open/trunk.git");
  CHECK(outcome({source}) == "ok");
  CHECK(ask("rev-parse HEAD") == server.commit(path == "main" ? "app/third" : "trunk/only"));
  CHECK(ask("branch --show-current") == path);
  CHECK(ask("rev-parse --abbrev-ref @{upstream}") == "origin/" + path);
  CHECK(ask("rev-list --count HEAD") == "1");
  CHECK(ask("status --porcelain").empty());
  CHECK(log.find("checked out commit " + ask("rev-parse HEAD")) != std::string::npos);
  CHECK(fs::is_empty(private_folder));
}

TEST_CASE_METHOD(checkout_fixture, "a remote branch is checked out and follows its remote") {
  auto source = git("/open/app.git");
  source.target_mode = clone_target_mode::remote_branch;
  source.clone_target = "feature/x";
  CHECK(outcome({source}) == "ok");
  CHECK(ask("rev-parse HEAD") == server.commit("app/feature"));
  CHECK(ask("branch --show-current") == "feature/x");
  CHECK(ask("rev-parse --abbrev-ref @{upstream}") == "origin/feature/x");
  CHECK(ask("rev-list --count HEAD") == "1");
}

TEST_CASE_METHOD(checkout_fixture, "a local branch begins at the remote's head") {
  auto source = git("/open/app.git");
  source.target_mode = clone_target_mode::local_branch;
  source.clone_target = "new/work";
  CHECK(outcome({source}) == "ok");
  CHECK(ask("rev-parse HEAD") == server.commit("app/third"));
  CHECK(ask("branch --show-current") == "new/work");
  CHECK(ask("rev-parse --abbrev-ref @{upstream}") == "failed");
}

TEST_CASE_METHOD(checkout_fixture, "a commit that is no branch's newest is fetched by its id alone") {
  auto source = git("/open/app.git");
  source.target_mode = clone_target_mode::remote_commit;
  source.clone_target = server.commit("app/second");
  CHECK(outcome({source}) == "ok");
  CHECK(ask("rev-parse HEAD") == server.commit("app/second"));
  CHECK(ask("branch --show-current").empty());
  CHECK(ask("for-each-ref").empty());
  CHECK(ask("rev-list --count HEAD") == "1");
  CHECK(content("file.txt") == "second\n");
}

TEST_CASE_METHOD(checkout_fixture, "a server that refuses a commit by its id is asked for everything") {
  auto source = git("/legacy/app.git");
  source.target_mode = clone_target_mode::remote_commit;
  source.clone_target = server.commit("app/first");
  CHECK(outcome({source}) == "ok");
  CHECK(ask("rev-parse HEAD") == server.commit("app/first"));
  CHECK(ask("rev-list --count --all") == "4");
}

TEST_CASE_METHOD(checkout_fixture, "an abbreviated commit is found in the whole history") {
  auto source = git("/open/app.git");
  source.target_mode = clone_target_mode::remote_commit;
  source.clone_target = server.commit("app/first").substr(0, 12);
  CHECK(outcome({source}) == "ok");
  CHECK(ask("rev-parse HEAD") == server.commit("app/first"));
}

TEST_CASE_METHOD(checkout_fixture, "a full clone has all history, branches and tags") {
  auto mode = GENERATE(clone_target_mode::remote_head, clone_target_mode::remote_branch,
                       clone_target_mode::remote_commit);
  auto source = git("/open/app.git");
  source.full_clone = true;
  source.target_mode = mode;
  if (mode == clone_target_mode::remote_branch) source.clone_target = "main";
  if (mode == clone_target_mode::remote_commit) source.clone_target = server.commit("app/third");
  CHECK(outcome({source}) == "ok");
  CHECK(ask("rev-list --count HEAD") == "3");
  CHECK(ask("rev-parse --is-shallow-repository") == "false");
  CHECK(ask("rev-parse origin/feature/x") == server.commit("app/feature"));
  CHECK(ask("rev-parse v1") == server.commit("app/second"));
}

TEST_CASE_METHOD(checkout_fixture, "repositories come over git's own protocol as well") {
  auto source = git("");
  source.remote_uri = server.daemon_url("app.git");
  CHECK(outcome({source}) == "ok");
  CHECK(ask("rev-parse HEAD") == server.commit("app/third"));

  auto missing = git("");
  missing.remote_uri = server.daemon_url("missing.git");
  missing.checkout_location = "other";
  CHECK(prepare({missing}).error().code == error_code::not_found);
}

TEST_CASE_METHOD(checkout_fixture, "what a remote does not have is not found") {
  auto missing = git("/open/missing.git");
  missing.checkout_location = "a";
  auto done = outcome({missing});
  CHECK(done.find("not_found: cannot access git repository " + missing.remote_uri) == 0);

  auto branch = git("/open/app.git");
  branch.checkout_location = "b";
  branch.target_mode = clone_target_mode::remote_branch;
  branch.clone_target = "no-such-branch";
  done = outcome({branch});
  CHECK(done.find("not_found: ") == 0);
  CHECK(done.find("no-such-branch") != std::string::npos);

  auto commit = git("");
  auto area = GENERATE(as<std::string>(), "/open/", "/legacy/", "daemon");
  commit.remote_uri = area == "daemon" ? server.daemon_url("app.git") : server.url(area + "app.git");
  commit.checkout_location = "c";
  commit.target_mode = clone_target_mode::remote_commit;
  commit.clone_target = std::string(40, 'a');
  auto failed = prepare({commit});
  REQUIRE_FALSE(failed);
  CHECK(failed.error().code == error_code::not_found);
  CHECK(failed.error().field == "source.file.source.git.clone_taget");

  auto empty = git("/open/empty.git");
  empty.checkout_location = "d";
  CHECK(outcome({empty}).find("not_found: ") == 0);
}

TEST_CASE_METHOD(checkout_fixture, "an id that names no commit is not found") {
  auto source = git("");
  auto daemon = GENERATE(true, false);
  source.remote_uri = daemon ? server.daemon_url("app.git") : server.url("/open/app.git");
  REQUIRE(outcome({source}) == "ok");
  source.checkout_location = "tree";
  source.target_mode = clone_target_mode::remote_commit;
  source.clone_target = ask("rev-parse HEAD^{tree}");
  REQUIRE(source.clone_target.size() == 40);
  auto failed = prepare({source});
  REQUIRE_FALSE(failed);
  CHECK(failed.error().code == error_code::not_found);
  CHECK(failed.error().field == "source.file.source.git.clone_taget");
}

TEST_CASE_METHOD(checkout_fixture, "a server that fails or cannot be reached is unavailable") {
  auto busy = git("/busy/app.git");
  busy.checkout_location = "a";
  CHECK(outcome({busy}).find("unavailable: cannot access git repository " + busy.remote_uri) == 0);
  auto closed = git("");
  closed.checkout_location = "b";
  closed.remote_uri = "http://127.0.0.1:1/a.git";
  CHECK(outcome({closed}).find("unavailable: ") == 0);
  auto ssh = git("");
  ssh.checkout_location = "c";
  ssh.remote_uri = "ssh://git@127.0.0.1:1/a.git";
  CHECK(outcome({ssh}).find("unavailable: ") == 0);
}

TEST_CASE_METHOD(checkout_fixture, "submodules are checked out, those of submodules too") {
  auto source = git(GENERATE(as<std::string>(), "/open/grandparent.git", "/legacy/grandparent.git"));
  source.full_clone = GENERATE(false, true);
  CHECK(outcome({source}) == "ok");
  CHECK(content("parent/lib/lib.txt") == "old\n");
  CHECK(ask("rev-parse HEAD", "parent/lib") == server.commit("lib/old"));
}

TEST_CASE_METHOD(checkout_fixture, "submodules of forbidden protocols are refused and run nothing") {
  auto source = git(GENERATE(as<std::string>(), "/open/parent_file.git", "/open/parent_ext.git"));
  auto done = outcome({source});
  INFO(done);
  CHECK(done.find("ok") != 0);
  CHECK_FALSE(fs::exists(root / "lib/lib.txt"));
  CHECK_FALSE(fs::exists(server.repositories() / "ext-has-run"));
}

TEST_CASE_METHOD(checkout_fixture, "the upstream is a second remote") {
  auto source = git("/open/app.git");
  source.upstream_remote_uri = "https://user:hidden@example.com/up.git";
  CHECK(outcome({source}) == "ok");
  CHECK(ask("remote get-url upstream") == "https://example.com/up.git");
  CHECK(ask("remote get-url origin") == server.url("/open/app.git"));
}

TEST_CASE_METHOD(checkout_fixture, "allowed custom config is the clone's config and shapes its files") {
  auto source = git("/open/app.git");
  source.config = {{"user.name", "-A \"quoted\" = name"}, {"core.autocrlf", "true"}};
  CHECK(outcome({source}) == "ok");
  CHECK(ask("config --local user.name") == "-A \"quoted\" = name");
  CHECK(content("file.txt") == "third\r\n");
}

TEST_CASE_METHOD(checkout_fixture, "what is fetched stays packed unless the request wants it otherwise") {
  auto source = git("/open/app.git");
  auto config = GENERATE(std::string(), "fetch.unpackLimit", "FETCH.unpacklimit");
  if (!config.empty()) source.config[config] = "1000";
  CHECK(outcome({source}) == "ok");
  CHECK((ask("count-objects") == "0 objects, 0 kilobytes") == config.empty());
}

TEST_CASE_METHOD(checkout_fixture, "refused config and forbidden remotes start nothing") {
  auto source = git("/open/app.git");
  source.config = {{"core.sshCommand", "touch " + (folder.path() / "run").string()}};
  CHECK(prepare({source}).error().code == error_code::invalid_argument);
  source = git("");
  source.remote_uri = "file://" + (server.repositories() / "app.git").string();
  CHECK(prepare({source}).error().field == "source.file.source.git.remote_uri");
  CHECK(fs::is_empty(root));
  CHECK(log.empty());
}

TEST_CASE_METHOD(checkout_fixture, "a local repository is cloned where the settings allow it") {
  allow_file = true;
  auto source = git("");
  auto path = (server.repositories() / "app.git").string();
  source.remote_uri = GENERATE(true, false) ? "file://" + path : path;
  CHECK(outcome({source}) == "ok");
  CHECK(ask("rev-parse HEAD") == server.commit("app/third"));
}

TEST_CASE_METHOD(checkout_fixture, "hooks and programs of the machine's git configuration do not run") {
  auto trace = folder.path() / "run";
  auto home = folder.make("home");
  std::ofstream(home / ".gitconfig") << "[core]\n\tfsmonitor = touch " << trace.string() << "\n";
  auto before = std::getenv("HOME") ? std::string(std::getenv("HOME")) : std::string();
  ::setenv("HOME", home.c_str(), 1);
  auto done = outcome({git("/open/app.git")});
  ::setenv("HOME", before.c_str(), 1);
  CHECK(done == "ok");
  CHECK_FALSE(fs::exists(trace));
  CHECK_FALSE(fs::exists(root / ".git/hooks"));
}

TEST_CASE_METHOD(checkout_fixture, "a stop ends a clone that waits for its server") {
  auto source = git("/wait/app.git");
  source.auth = {git_auth::kind::basic, server.user, server.password, ""};
  std::thread stopper([this] {
    server.get("/until-waiting");
    stop.request_stop();
  });
  auto done = prepare({source});
  stopper.join();
  REQUIRE_FALSE(done);
  CHECK(done.error().code == error_code::cancelled);
  CHECK(fs::is_empty(private_folder));
}

TEST_CASE_METHOD(checkout_fixture, "a stop before the start prepares nothing") {
  stop.request_stop();
  CHECK(prepare({git("/open/app.git")}).error().code == error_code::cancelled);
  CHECK(fs::is_empty(root));
}

TEST_CASE_METHOD(checkout_fixture, "a git that is killed is a fault of the service's machine") {
  // As by the kernel that is out of memory.
  temp_dir programs;
  const auto git_path = programs.path() / "git";
  std::ofstream(git_path) << "#!/bin/sh\necho \"fatal: repository 'x' not found\" >&2\nkill -9 $$\n";
  fs::permissions(git_path, fs::perms::owner_all);
  auto source = git("/open/app.git");
  const std::string before = std::getenv("PATH");
  ::setenv("PATH", (programs.path().string() + ":" + before).c_str(), 1);
  auto said = outcome({source});
  ::setenv("PATH", before.c_str(), 1);
  CHECK(said.find("unavailable") != std::string::npos);
  CHECK(said.find("git was killed by signal 9") != std::string::npos);
}
