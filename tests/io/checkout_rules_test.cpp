#include "actors/io/checkout.hpp"
#include "actors/io/git_config_rules.hpp"
#include "actors/io/git_remote.hpp"

#include <catch2/catch.hpp>

using namespace ib;
using namespace ib::io;

namespace {

const std::string prefix = "source.file.source";

git_initializer valid_git() {
  git_initializer git;
  git.remote_uri = "https://example.com/a/b.git";
  return git;
}

/// The field that a check blames, empty where it blames none.
std::string blamed(const initializer& source, bool allow_file = false) {
  auto checked = check_initializer(source, allow_file, prefix);
  if (checked) return {};
  CHECK(checked.error().code == error_code::invalid_argument);
  CHECK_FALSE(checked.error().message.empty());
  return checked.error().field;
}

std::string blamed_download(const download_file& file, const std::string& folder = "") {
  return blamed({download_initializer{{file}, folder}});
}

std::string blamed_path(const std::string& dockerfile, const std::string& context) {
  dockerfile_source source;
  source.dockerfile_path = dockerfile;
  source.context_path = context;
  auto checked = check_build_paths(source, "source.file");
  return checked ? std::string() : checked.error().field;
}

} // namespace

TEST_CASE("the four network protocols and the short form of ssh are allowed as git remotes") {
  for (const char* url :
       {"https://example.com/a.git", "http://example.com:8080/a", "ssh://git@example.com/a.git",
        "git://example.com/a", "git@example.com:a/b.git", "example.com:a.git", "HTTPS://Example.com/a",
        "https://[::1]:8443/a.git", "https://user:pass@example.com/a.git"}) {
    auto git = valid_git();
    git.remote_uri = url;
    INFO(url);
    CHECK(blamed({git}).empty());
  }
}

TEST_CASE("remotes that run programs, read local files or look like options are refused") {
  for (std::string url : {"",
                          "file:///etc",
                          "/etc",
                          "./repo",
                          "../repo",
                          "repo",
                          "ext::sh -c id",
                          "ext::sh",
                          "fd::17",
                          "foo::bar",
                          "ftp://example.com/a",
                          "git+ssh://example.com/a",
                          "--upload-pack=id",
                          "-oProxyCommand=id:a",
                          "ssh://-oProxyCommand=id/a",
                          "ssh://-l@example.com/a",
                          "-x@example.com:a",
                          "git@-oProxyCommand=id:a",
                          "git@example.com:-x",
                          "https://",
                          "https:///a",
                          "https://example.com",
                          "https://example.com/",
                          "https://exa mple.com/a",
                          "https://example.com/a\nb",
                          "https://example.com/a\x7f",
                          "https://exa%0ample.com/a",
                          "https://u%0ahost=evil@example.com/a",
                          "https://u%zz@example.com/a",
                          "ssh://u:p@example.com/a",
                          "git://u@example.com/a",
                          "file://host/a",
                          "://x/y",
                          "::x"}) {
    auto git = valid_git();
    git.remote_uri = url;
    INFO(url);
    CHECK(blamed({git}) == "source.file.source.git.remote_uri");
    if (url.empty()) continue;
    git = valid_git();
    git.upstream_remote_uri = url;
    CHECK(blamed({git}) == "source.file.source.git.upstream_Remote_uri");
  }
  auto git = valid_git();
  git.remote_uri = std::string("https://example.com/a\0b", 23);
  CHECK(blamed({git}) == "source.file.source.git.remote_uri");
  git.remote_uri = "https://example.com/" + std::string(5000, 'a');
  CHECK(blamed({git}) == "source.file.source.git.remote_uri");
}

TEST_CASE("local remotes and downloads are allowed only where the settings say so") {
  auto git = valid_git();
  for (const char* url : {"file:///srv/a.git", "/srv/a.git"}) {
    git.remote_uri = url;
    CHECK(blamed({git}, true).empty());
    CHECK(blamed({git}, false) == "source.file.source.git.remote_uri");
  }
  initializer download{download_initializer{{{"file:///etc/hostname", "a", ""}}, ""}};
  CHECK(blamed(download, true).empty());
  CHECK(blamed(download, false) == "source.file.source.download.files[0].url");
}

TEST_CASE("user info of an http remote is taken out of the URL and decoded") {
  auto remote = parse_git_remote("https://al%40ice:p%3Aa%2Fss@Example.com:8443/a.git?x", false, "f");
  REQUIRE(remote);
  CHECK(remote->url == "https://example.com:8443/a.git?x");
  CHECK(remote->origin == "https://example.com:8443");
  CHECK(remote->user == "al@ice");
  CHECK(remote->password == "p:a/ss");
  CHECK(shown_url("https://u:p@example.com/a?token=1#f") == "https://example.com/a");
}

TEST_CASE("no message about a remote repeats its user info") {
  for (const char* url :
       {"https://u:s3cret@/a", "ssh://u:s3cret@example.com/a", "ftp://u:s3cret@example.com/a",
        "https://u:s3cret%0a@example.com/a", "git://u:s3cret@example.com/a"}) {
    auto remote = parse_git_remote(url, false, "f");
    REQUIRE_FALSE(remote);
    CHECK(remote.error().message.find("s3cret") == std::string::npos);
  }
}

TEST_CASE("branches must be valid names and commits hexadecimal") {
  auto git = valid_git();
  const std::string field = "source.file.source.git.clone_taget";
  for (auto mode : {clone_target_mode::remote_branch, clone_target_mode::local_branch}) {
    git.target_mode = mode;
    for (const char* name : {"main", "feature/x", "release-1.2", "a@b", "ünï"}) {
      git.clone_target = name;
      INFO(name);
      CHECK(blamed({git}).empty());
    }
    for (const char* name :
         {"",   "-x",   "--upload-pack=id", "a..b",     "a b", "a:b",   "a~1", "a^",   "a/", "/a",  "a//b",
          ".a", "a/.b", "a.lock",           "a.lock/b", "@",   "a@{1}", "a.",  "a\\b", "a*", "a\n", "HEAD"}) {
      git.clone_target = name;
      INFO(name);
      CHECK(blamed({git}) == field);
    }
  }
  git.target_mode = clone_target_mode::remote_commit;
  for (const char* id : {"", "main", "12345", "--all123", "123456g"}) {
    git.clone_target = id;
    CHECK(blamed({git}) == field);
  }
  git.clone_target = "240cd5dba4283cc8429cac976e5a349f40e6b43d";
  CHECK(blamed({git}).empty());
}

TEST_CASE("only git config keys known to be harmless are allowed and the refused one is named") {
  for (const char* key :
       {"user.name", "user.email", "core.autocrlf", "Core.AutoCRLF", "core.longpaths", "pull.rebase",
        "init.defaultBranch", "advice.detachedHead", "color.ui", "color.diff", "http.postBuffer",
        "http.lowSpeedLimit", "http.version", "fetch.prune", "push.default", "merge.ff",
        "merge.conflictStyle", "rerere.enabled"}) {
    INFO(key);
    CHECK(is_harmless_git_config(key));
  }
  for (const char* key : {"core.sshCommand",
                          "core.fsmonitor",
                          "core.hooksPath",
                          "core.pager",
                          "core.editor",
                          "core.askPass",
                          "core.gitProxy",
                          "core.worktree",
                          "core.attributesFile",
                          "core.excludesFile",
                          "credential.helper",
                          "credential.https://example.com.helper",
                          "http.proxy",
                          "http.extraHeader",
                          "http.sslVerify",
                          "http.cookieFile",
                          "http.https://example.com/.sslVerify",
                          "url.ext::sh.insteadOf",
                          "url.https://evil/.insteadOf",
                          "include.path",
                          "includeIf.gitdir:/.path",
                          "filter.x.smudge",
                          "diff.external",
                          "diff.x.textconv",
                          "merge.x.driver",
                          "merge.tool",
                          "alias.status",
                          "protocol.ext.allow",
                          "protocol.allow",
                          "remote.origin.uploadpack",
                          "remote.origin.url",
                          "remote.origin.vcs",
                          "submodule.x.update",
                          "submodule.x.url",
                          "gpg.program",
                          "pager.log",
                          "sequence.editor",
                          "ssh.variant",
                          "uploadpack.packObjectsHook",
                          "fetch.fsck.skipList",
                          "init.templateDir",
                          "user",
                          "user.",
                          "user.a.b",
                          "color.x\n[core]",
                          "",
                          ".",
                          "extensions.worktreeConfig",
                          "safe.directory",
                          "fsck.skipList",
                          "trace2.normalTarget",
                          "man.x.cmd",
                          "browser.x.cmd",
                          "tar.x.command",
                          "interactive.diffFilter",
                          "push.gpgSign",
                          "transfer.credentialsInUrl",
                          "http.sslCAInfo",
                          "core.alternateRefsCommand"}) {
    INFO(key);
    CHECK_FALSE(is_harmless_git_config(key));
  }
  auto git = valid_git();
  git.config = {{"user.name", "A"}, {"core.sshCommand", "sh -c id"}};
  auto checked = check_initializer({git}, false, prefix);
  REQUIRE_FALSE(checked);
  CHECK(checked.error().field == "source.file.source.git.config.custom_config");
  CHECK(checked.error().message.find("core.sshCommand") != std::string::npos);
  git.config = {{"user.name", "A\n[core]\nfsmonitor = id"}};
  CHECK(blamed({git}) == "source.file.source.git.config.custom_config");
}

TEST_CASE("credentials with line ends and one-time URLs of other protocols are refused") {
  auto git = valid_git();
  git.auth = {git_auth::kind::basic, "alice\nhost=evil", "x", ""};
  CHECK(blamed({git}) == "source.file.source.git.config.auth_user");
  git.auth = {git_auth::kind::basic, "alice", std::string("x\0y", 3), ""};
  CHECK(blamed({git}) == "source.file.source.git.config.auth_password");
  for (const char* url : {"", "file:///etc/passwd", "ftp://example.com/x", "https://", "example.com"}) {
    git.auth = {git_auth::kind::basic_one_time, "", "", url};
    CHECK(blamed({git}) == "source.file.source.git.config.auth_ots");
  }
}

TEST_CASE("no path of an initializer may leave the context root") {
  for (std::string path :
       {"..", "../x", "a/../../x", "/etc", "/", "/workspace/../etc", "a\nb", ".git", "a/.GIT/hooks"}) {
    INFO(path);
    auto git = valid_git();
    git.checkout_location = path;
    CHECK(blamed({git}) == "source.file.source.git.checkout_location");
    CHECK(blamed_download({"https://example.com/x", path, ""}) ==
          "source.file.source.download.files[0].file_path");
    CHECK(blamed_download({"https://example.com/x", "f", ""}, path) ==
          "source.file.source.download.target_location");
  }
  for (std::string path : {"", ".", "./a", "a/../b", "a/b/", ".github", "a..b"}) {
    INFO(path);
    auto git = valid_git();
    git.checkout_location = path;
    CHECK(blamed({git}).empty());
  }
  for (std::string path : {"", ".", "a/"})
    CHECK(blamed_download({"https://example.com/x", path, ""}) ==
          "source.file.source.download.files[0].file_path");
  auto git = valid_git();
  git.checkout_location = std::string(5000, 'a');
  CHECK(blamed({git}) == "source.file.source.git.checkout_location");
  git.checkout_location = std::string("a\0b", 3);
  CHECK(blamed({git}) == "source.file.source.git.checkout_location");
}

TEST_CASE("downloads name what is wrong with URL and digest") {
  const std::string hex(64, 'a');
  CHECK(blamed_download({"https://example.com/x", "f", "sha256:" + hex}).empty());
  for (const auto& digest :
       {std::string("sha256:"), "sha256:" + hex + "a", "md5:" + hex, hex, "sha256:" + std::string(64, 'A')})
    CHECK(blamed_download({"https://example.com/x", "f", digest}) ==
          "source.file.source.download.files[0].digest");
  for (const char* url : {"", "ftp://x/y", "https://", "x", "javascript:x", "https://a b/"})
    CHECK(blamed_download({url, "f", ""}) == "source.file.source.download.files[0].url");
}

TEST_CASE("the field of a fault deep in a source tells the way to it") {
  auto bad = valid_git();
  bad.target_mode = clone_target_mode::remote_branch;
  bad.clone_target = "-x";
  composite_initializer inner{{{empty_initializer{}}, {bad}}};
  composite_initializer outer{{{valid_git()}, {inner}}};
  CHECK(blamed({outer}) ==
        "source.file.source.composite.initializer[1].composite.initializer[1].git.clone_taget");
  CHECK(blamed({prebuild_initializer{{valid_git(), bad}}}) ==
        "source.file.source.prebuild.git[1].clone_taget");
  CHECK(blamed({download_initializer{{{"https://a/b", "c", ""}, {"nothing", "d", ""}}, ""}}) ==
        "source.file.source.download.files[1].url");
}

TEST_CASE("initializers nested without measure are refused") {
  initializer nested{empty_initializer{}};
  for (int level = 0; level < 100; ++level) {
    composite_initializer around;
    around.parts.push_back(std::move(nested));
    nested.spec = std::move(around);
  }
  CHECK_FALSE(blamed(nested).empty());
  composite_initializer wide;
  wide.parts.resize(2000);
  CHECK_FALSE(blamed({wide}).empty());
}

TEST_CASE("Dockerfile and context path may not leave the context root") {
  CHECK(blamed_path("", "").empty());
  CHECK(blamed_path("/workspace/a/Dockerfile", "/workspace").empty());
  CHECK(blamed_path("../Dockerfile", "") == "source.file.dockerfile_path");
  CHECK(blamed_path("/workspace/../etc/passwd", "") == "source.file.dockerfile_path");
  CHECK(blamed_path("/etc/passwd", "") == "source.file.dockerfile_path");
  CHECK(blamed_path("/workspacex/Dockerfile", "") == "source.file.dockerfile_path");
  CHECK(blamed_path("Dockerfile", "a/../..") == "source.file.context_path");
  CHECK(blamed_path("Dockerfile", "/") == "source.file.context_path");
}
