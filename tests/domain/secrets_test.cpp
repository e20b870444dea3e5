#include "actors/domain/auth_policy.hpp"
#include "actors/domain/base64.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <string>
#include <vector>

using namespace ib;

namespace {

bool has(const std::vector<std::string>& secrets, const std::string& text) {
  return std::find(secrets.begin(), secrets.end(), text) != secrets.end();
}

std::vector<std::string> secrets_of_git(const git_initializer& git) {
  return secrets_of(build_source{dockerfile_source{{git}, "", "", ""}});
}

} // namespace

TEST_CASE("a credential hides its password in every form it is sent in") {
  registry_credential credential;
  credential.username = "robot";
  credential.password = "p/w+ö";
  const auto secrets = secrets_of(credential);
  CHECK(has(secrets, "p/w+ö"));
  CHECK(has(secrets, "robot:p/w+ö"));
  CHECK(has(secrets, base64_encode("robot:p/w+ö")));
  CHECK(has(secrets, "p%2Fw%2B%C3%B6"));
  CHECK(has(secrets, "p%2fw%2b%c3%b6"));
  CHECK(has(secrets, base64_encode("p/w+ö")));
  CHECK_FALSE(has(secrets, "robot"));
  CHECK_FALSE(has(secrets, ""));
}

TEST_CASE("base64 of a secret is hidden with and without its padding") {
  registry_credential credential;
  credential.username = "u";
  credential.password = "pw";
  CHECK(has(secrets_of(credential), "dTpwdw=="));
  CHECK(has(secrets_of(credential), "dTpwdw"));
}

TEST_CASE("tokens and opaque values are hidden") {
  registry_credential credential;
  credential.identity_token = "identity";
  credential.registry_token = "bearer";
  credential.opaque_auth = base64_encode("opaque");
  const auto secrets = secrets_of(credential);
  CHECK(has(secrets, "identity"));
  CHECK(has(secrets, "bearer"));
  CHECK(has(secrets, base64_encode("opaque")));
  CHECK(has(secrets, "opaque"));
}

TEST_CASE("an empty credential hides nothing") {
  CHECK(secrets_of(registry_credential{}).empty());
  CHECK(secrets_of(request_auth{}).empty());
  CHECK(secrets_of(build_source{reference_source{"alpine"}}).empty());
  registry_credential user_only;
  user_only.username = "user";
  CHECK(secrets_of(user_only).empty());
}

TEST_CASE("a user name is secret from 20 characters on") {
  registry_credential credential;
  credential.username = std::string(19, 'u');
  CHECK_FALSE(has(secrets_of(credential), credential.username));
  credential.username += 'u';
  CHECK(has(secrets_of(credential), credential.username));
}

TEST_CASE("short passwords are secret too") {
  registry_credential credential;
  credential.password = "x";
  CHECK(has(secrets_of(credential), "x"));
}

TEST_CASE("a request hides its additional values as they came and decoded") {
  request_auth auth;
  auth.additional["r.io:5000"] = base64_encode("r.io:5000:token");
  auth.additional["opaque.io"] = "not base64!";
  const auto secrets = secrets_of(auth);
  CHECK(has(secrets, base64_encode("r.io:5000:token")));
  CHECK(has(secrets, "token"));
  CHECK(has(secrets, "r.io:5000:token"));
  CHECK(has(secrets, "not base64!"));
  CHECK_FALSE(has(secrets, "r.io:5000"));
}

TEST_CASE("a git source hides its authentication") {
  git_initializer git;
  git.auth = {git_auth::kind::basic, "user", "pass#1", "https://ots.example.com/abc"};
  const auto secrets = secrets_of_git(git);
  CHECK(has(secrets, "pass#1"));
  CHECK(has(secrets, "pass%231"));
  CHECK(has(secrets, base64_encode("user:pass#1")));
  CHECK(has(secrets, "https://ots.example.com/abc"));
}

TEST_CASE("the user part of a URL is hidden as written and decoded") {
  git_initializer git;
  git.remote_uri = "https://user:p%40ss@git.example.com/a@b:c.git";
  git.upstream_remote_uri = "https://ghp_0123456789abcdef@example.com/x";
  const auto secrets = secrets_of_git(git);
  CHECK(has(secrets, "p%40ss"));
  CHECK(has(secrets, "p@ss"));
  CHECK(has(secrets, "user:p%40ss"));
  CHECK(has(secrets, "ghp_0123456789abcdef"));
  CHECK_FALSE(has(secrets, "user"));
}

TEST_CASE("a URL without user part hides nothing") {
  for (const std::string uri :
       {"https://example.com/a@b", "ssh://git@example.com/x", "git@example.com:x/y.git",
        "https://example.com?x=a:b@c", "https://", "", "@", "https://%zz@x/"}) {
    CAPTURE(uri);
    git_initializer git;
    git.remote_uri = uri;
    CHECK(secrets_of_git(git).empty());
  }
}

TEST_CASE("git configuration that carries credentials is hidden") {
  git_initializer git;
  git.config["http.https://example.com/.extraHeader"] = "Authorization: Basic dTpwdw==";
  git.config["url.https://u:inkey@example.com/.insteadOf"] = "https://example.com/";
  git.config["http.proxy"] = "http://u:proxypw@proxy:3128";
  git.config["user.name"] = "Someone";
  const auto secrets = secrets_of_git(git);
  CHECK(has(secrets, "Authorization: Basic dTpwdw=="));
  CHECK(has(secrets, "dTpwdw=="));
  CHECK(has(secrets, "inkey"));
  CHECK(has(secrets, "proxypw"));
  CHECK_FALSE(has(secrets, "Someone"));
}

TEST_CASE("secrets are found in every nested initializer") {
  git_initializer git;
  git.auth.password = "in-git";
  download_initializer download;
  download.files.push_back({"https://u:in-download@example.com/f", "f", ""});
  git_initializer prebuilt;
  prebuilt.auth.password = "in-prebuild";
  composite_initializer inner{{{download}, {prebuild_initializer{{prebuilt}}}, {empty_initializer{}}}};
  composite_initializer outer{{{git}, {inner}}};
  const auto secrets = secrets_of(build_source{dockerfile_source{{outer}, "", "", ""}});
  CHECK(has(secrets, "in-git"));
  CHECK(has(secrets, "in-download"));
  CHECK(has(secrets, "in-prebuild"));
}
