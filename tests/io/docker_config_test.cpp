#include "actors/io/docker_config.hpp"

#include "actors/domain/base64.hpp"
#include "tests/support/temp_dir.hpp"

#include <catch2/catch.hpp>
#include <fstream>

using namespace ib;
using namespace ib::io;

namespace {

registry_credential found_in(credential_source& source, const std::string& domain) {
  registry_credential credential;
  int calls = 0;
  source.find(domain, [&](result<registry_credential> found) {
    ++calls;
    REQUIRE(found);
    credential = *found;
  });
  REQUIRE(calls == 1);
  return credential;
}

/// Puts a new version of a file in place, as secrets are updated: another inode by rename.
void replace(const std::filesystem::path& file, const std::string& text) {
  auto fresh = file.string() + ".new";
  std::ofstream(fresh) << text;
  std::filesystem::rename(fresh, file);
}

std::string config_for(const std::string& domain, const std::string& user, const std::string& password) {
  return R"({"auths":{")" + domain + R"(":{"auth":")" + base64_encode(user + ":" + password) + "\"}}}";
}

} // namespace

TEST_CASE("every way to write a credential in a Docker config file is read") {
  auto parsed = parse_docker_config(R"({"auths":{
    "a.example.com":{"auth":"dXNlcjpwYTpzcw=="},
    "b.example.com:5000":{"username":"bob","password":"secret"},
    "c.example.com":{"auth":"MDA6","identitytoken":"refresh"},
    "d.example.com":{"registrytoken":"bearer"},
    "e.example.com":{"auth":"!opaque!"},
    "empty.example.com":{}},
    "credHelpers":null,"credsStore":null,"HttpHeaders":{}})");
  REQUIRE(parsed);
  CHECK(parsed->credentials["a.example.com"].username == "user");
  CHECK(parsed->credentials["a.example.com"].password == "pa:ss");
  CHECK(parsed->credentials["b.example.com:5000"].username == "bob");
  CHECK(parsed->credentials["b.example.com:5000"].password == "secret");
  CHECK(parsed->credentials["c.example.com"].identity_token == "refresh");
  CHECK(parsed->credentials["d.example.com"].registry_token == "bearer");
  CHECK(parsed->credentials["e.example.com"].opaque_auth == "!opaque!");
  CHECK(parsed->credentials["empty.example.com"].empty());
}

TEST_CASE("keys of a Docker config file mean the host they name") {
  auto parsed = parse_docker_config(R"({"auths":{
    "https://index.docker.io/v1/":{"username":"hub","password":"p"},
    "https://r.example.com:444/v2/":{"username":"path","password":"p"},
    "plain.example.com/x":{"username":"long","password":"p"},
    "plain.example.com":{"username":"exact","password":"p"}}})");
  REQUIRE(parsed);
  CHECK(parsed->credentials["docker.io"].username == "hub");
  CHECK(parsed->credentials["r.example.com:444"].username == "path");
  CHECK(parsed->credentials["plain.example.com"].username == "exact");
  CHECK(parsed->credentials.size() == 3);
}

TEST_CASE("a broken Docker config file is an error that shows no value") {
  auto text =
      GENERATE(as<std::string>{}, "", "{\"auths\":", "[]", "{\"auths\":5}", "{\"auths\":{\"a\":\"s3cret\"}}");
  CAPTURE(text);
  auto parsed = parse_docker_config(text);
  REQUIRE_FALSE(parsed);
  CHECK(parsed.error().code == error_code::data_corrupt);
  CHECK(parsed.error().message.find("s3cret") == std::string::npos);
}

TEST_CASE("a missing or broken Docker config file is an error at start") {
  test::temp_dir folder;
  auto missing = make_docker_config_source((folder / "missing").string());
  REQUIRE_FALSE(missing);
  CHECK(missing.error().message.find((folder / "missing").string()) != std::string::npos);
  std::ofstream(folder / "broken") << "{";
  CHECK_FALSE(make_docker_config_source((folder / "broken").string()));
  CHECK_FALSE(make_docker_config_source(folder.path().string()));
}

TEST_CASE("a changed Docker config file is read again and a broken one keeps the old") {
  test::temp_dir folder;
  auto file = folder / "config.json";
  replace(file, config_for("r.example.com", "first", "p"));
  auto source = make_docker_config_source(file.string());
  REQUIRE(source);
  CHECK(found_in(**source, "r.example.com").username == "first");
  CHECK(found_in(**source, "other.example.com").empty());

  replace(file, config_for("r.example.com", "second", "p"));
  CHECK(found_in(**source, "r.example.com").username == "second");
  replace(file, "{ broken");
  CHECK(found_in(**source, "r.example.com").username == "second");
  std::filesystem::remove(file);
  CHECK(found_in(**source, "r.example.com").username == "second");
  replace(file, config_for("r.example.com", "third", "p"));
  CHECK(found_in(**source, "r.example.com").username == "third");
}
