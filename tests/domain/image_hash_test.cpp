#include "actors/domain/image_hash.hpp"
#include "actors/domain/sha256.hpp"

#include <catch2/catch.hpp>

#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

using namespace ib;

namespace {

git_initializer sample_git() {
  git_initializer git;
  git.remote_uri = "https://github.com/gitpod-io/gitpod.git";
  git.clone_target = "main";
  return git;
}

dockerfile_source sample_source(initializer source) {
  return {std::move(source), "some-version", "test/tests/components/image-builder/test.Dockerfile", "."};
}

initializer composite_of(std::vector<initializer> parts) { return {composite_initializer{std::move(parts)}}; }

std::string hash_of(initializer source) { return base_hash(sample_source(std::move(source))); }

using git_change = std::function<void(git_initializer&)>;

/// Changes of a git initializer that alter what is checked out.
const std::vector<std::pair<std::string, git_change>> content_changes = {
    {"remote", [](auto& git) { git.remote_uri += "x"; }},
    {"upstream", [](auto& git) { git.upstream_remote_uri = "x"; }},
    {"mode", [](auto& git) { git.target_mode = clone_target_mode::remote_branch; }},
    {"other mode", [](auto& git) { git.target_mode = clone_target_mode::local_branch; }},
    {"commit mode", [](auto& git) { git.target_mode = clone_target_mode::remote_commit; }},
    {"target", [](auto& git) { git.clone_target += "x"; }},
    {"location", [](auto& git) { git.checkout_location = "x"; }},
    {"full clone", [](auto& git) { git.full_clone = true; }},
    {"config", [](auto& git) { git.config["core.autocrlf"] = "true"; }},
    {"config value", [](auto& git) { git.config["core.autocrlf"] = "false"; }},
};

/// Changes that only say who is asking.
const std::vector<std::pair<std::string, git_change>> credential_changes = {
    {"method", [](auto& git) { git.auth.method = git_auth::kind::basic; }},
    {"user", [](auto& git) { git.auth.user = "x"; }},
    {"password", [](auto& git) { git.auth.password = "x"; }},
    {"one-time url", [](auto& git) { git.auth.one_time_url = "x"; }},
    {"header", [](auto& git) { git.config["http.extraHeader"] = "x"; }},
};

} // namespace

TEST_CASE("SHA-256 gives the published vectors, in one piece and in many") {
  CHECK(sha256_hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  sha256_stream stream;
  for (char c : std::string("abc"))
    stream.update({&c, 1});
  CHECK(stream.finish_hex() == sha256_hex("abc"));
  CHECK(stream.finish_hex() == sha256_hex(""));
  stream.update("abc");
  sha256_stream moved = std::move(stream);
  CHECK(moved.finish_hex() == sha256_hex("abc"));
  moved = sha256_stream();
  CHECK(moved.finish_hex() == sha256_hex(""));
}

TEST_CASE("the workspace hash gives the deployed names") {
  CHECK(workspace_hash("source-image:latest") ==
        "2b1325adbf901167f47a914a62d377c98f1e32e0837dafb95ca86ca9d08ab14e");
  CHECK(workspace_hash("docker.io/library/"
                       "alpine@sha256:839b30716e23e3ac46ed28d6f9fc0f77e3e7121a9b4b2833e8fb6ec4ec89b3bd") ==
        "3f043dac305ae9fd2679ddeb6c88ba2f24e6aa89506998415d27c629ba8563f1");
  CHECK(workspace_reference("example.com/ws", "source-image:latest") ==
        "example.com/ws:2b1325adbf901167f47a914a62d377c98f1e32e0837dafb95ca86ca9d08ab14e");
}

TEST_CASE("the base hash of a git source gives the deployed names") {
  const auto source = sample_source({sample_git()});
  CHECK(base_hash(source) == "9fdb1c954ea69ee0945a072839fc2d7a6125d84655639610d10dafe62a26082a");
  const auto base = base_reference("registry.example.com/base-images", source);
  CHECK(base == "registry.example.com/base-images:"
                "9fdb1c954ea69ee0945a072839fc2d7a6125d84655639610d10dafe62a26082a");
  CHECK(workspace_hash(base) == "757c7913c49a041d1eab5a7d40406e091b6ede799dbee1d90e90a0197443019c");
  CHECK(base_hash({{git_initializer{}}, "", "", ""}) ==
        "cc880448faed316fa25805f45c2c4a9f8472e38c52aa6fdcdc38944c0e79c1ad");
}

TEST_CASE("only what the deployed manifest lists enters a git hash") {
  const auto plain = hash_of({sample_git()});
  for (const auto& [name, change] : content_changes) {
    CAPTURE(name);
    auto git = sample_git();
    change(git);
    const bool is_listed = name == "remote" || name == "target";
    CHECK((hash_of({git}) == plain) == !is_listed);
  }
  for (const auto& [name, change] : credential_changes) {
    CAPTURE(name);
    auto git = sample_git();
    change(git);
    CHECK(hash_of({git}) == plain);
  }
}

TEST_CASE("every content field of a nested git enters the versioned hash, no credential does") {
  for (const bool prebuild : {false, true}) {
    const auto nested = [&](const git_initializer& git) {
      return prebuild ? hash_of({prebuild_initializer{{git}}}) : hash_of(composite_of({{git}}));
    };
    std::set<std::string> seen{nested(sample_git())};
    for (const auto& [name, change] : content_changes) {
      CAPTURE(name);
      auto git = sample_git();
      change(git);
      CHECK(seen.insert(nested(git)).second);
    }
    for (const auto& [name, change] : credential_changes) {
      CAPTURE(name);
      auto git = sample_git();
      change(git);
      CHECK(nested(git) == nested(sample_git()));
    }
  }
}

TEST_CASE("sources of different shape have different hashes") {
  const initializer git{sample_git()};
  const initializer empty{empty_initializer{}};
  const initializer download{download_initializer{{{"https://example.com/a", "a", ""}}, "x"}};
  const std::vector<initializer> sources = {
      git,
      empty,
      download,
      {prebuild_initializer{{sample_git()}}},
      {prebuild_initializer{{sample_git(), sample_git()}}},
      {prebuild_initializer{}},
      composite_of({}),
      composite_of({git}),
      composite_of({empty}),
      composite_of({git, empty}),
      composite_of({empty, git}),
      composite_of({composite_of({git}), empty}),
      composite_of({composite_of({git, empty})}),
      composite_of({composite_of({git})}),
      {download_initializer{{{"https://example.com/a", "a", "sha256:x"}}, "x"}},
      {download_initializer{{{"https://example.com/aa", "", ""}}, "x"}},
      {download_initializer{{{"https://example.com/a", "a", ""}}, ""}},
      {download_initializer{{}, "x"}},
  };
  std::set<std::string> seen;
  for (const auto& source : sources)
    seen.insert(hash_of(source));
  CHECK(seen.size() == sources.size());
}

TEST_CASE("the Dockerfile's own fields enter the versioned hash") {
  const dockerfile_source plain{{empty_initializer{}}, "v", "d", "c"};
  std::set<std::string> seen{base_hash(plain)};
  CHECK(seen.insert(base_hash({{empty_initializer{}}, "vd", "", "c"})).second);
  CHECK(seen.insert(base_hash({{empty_initializer{}}, "w", "d", "c"})).second);
  CHECK(seen.insert(base_hash({{empty_initializer{}}, "v", "e", "c"})).second);
  CHECK(seen.insert(base_hash({{empty_initializer{}}, "v", "d", "b"})).second);
}

TEST_CASE("version 1 of the versioned hash stays as it is") {
  // Worked out by hand from the form in image_hash.cpp.
  CHECK(base_hash({{empty_initializer{}}, "v", "", ""}) ==
        sha256_hex("image-builder source hash v1\n1:v\n0:\n0:\nempty\n"));
  auto git = sample_git();
  git.config = {{"b", "2"}, {"a", "1"}};
  CHECK(base_hash({{prebuild_initializer{{git}}}, "", "", ""}) ==
        sha256_hex("image-builder source hash v1\n0:\n0:\n0:\nprebuild\n1\n"
                   "39:https://github.com/gitpod-io/gitpod.git\n0:\nremote_head\n4:main\n0:\nshallow\n"
                   "2\n1:a\n1:1\n1:b\n1:2\n"));
}
