#include "actors/engine/pull_routes.hpp"
#include "actors/engine/registry_names.hpp"
#include "actors/source_words.hpp"
#include "actors/words.hpp"

#include <catch2/catch.hpp>

using namespace ib;

TEST_CASE("durations are told in the unit that people use", "[words]") {
  struct row {
    int64_t ms;
    const char* words;
  };
  auto [ms, words] = GENERATE(
      row{0, "0 s"}, row{1, "1 ms"}, row{999, "999 ms"}, row{1000, "1 s"}, row{1499, "1 s"}, row{1500, "2 s"},
      row{40'000, "40 s"}, row{119'000, "119 s"}, row{120'000, "2 min"}, row{149'000, "2 min"},
      row{150'000, "3 min"}, row{3'600'000, "60 min"}, row{7'140'000, "119 min"}, row{7'200'000, "2 h"},
      row{4'800'000, "80 min"}, row{8'400'000, "2 h 20 min"}, row{86'400'000, "24 h"});
  CHECK(in_words(ms) == words);
}

TEST_CASE("a place in the queue is told with its estimate where there is one", "[words]") {
  CHECK(place_in_words(0, {}) == "queued, next in line");
  CHECK(place_in_words(1, {}) == "queued, 1 build ahead");
  CHECK(place_in_words(3, 120'000) == "queued, 3 builds ahead, about 2 min to wait");
  CHECK(place_in_words(0, 40'000) == "queued, next in line, about 40 s to wait");
}

namespace {

initializer git(const std::string& url) {
  git_initializer from;
  from.remote_uri = url;
  return {from};
}

initializer download(const std::vector<std::string>& urls) {
  download_initializer from;
  for (const auto& url : urls)
    from.files.push_back({url, "file", ""});
  return {from};
}

} // namespace

TEST_CASE("what preparing does is told in words, without credentials", "[words]") {
  CHECK(preparing_in_words({empty_initializer{}}) == "preparing an empty context");
  CHECK(preparing_in_words(git("https://example.com/a.git")) == "cloning https://example.com/a.git");
  CHECK(preparing_in_words(git("https://user:secret@example.com/a.git")) ==
        "cloning https://example.com/a.git");
  CHECK(preparing_in_words(git("https://a:b@c@example.com/x@y")) == "cloning https://example.com/x@y");
  CHECK(preparing_in_words(git("https://user:secret@example.com")) == "cloning https://example.com");
  CHECK(preparing_in_words(git("git@example.com:a.git")) == "cloning git@example.com:a.git");
  CHECK(preparing_in_words(git("https://example.com/@a")) == "cloning https://example.com/@a");
  CHECK(preparing_in_words(download({"https://u:p@example.com/f"})) == "downloading https://example.com/f");
  CHECK(preparing_in_words(download({"https://a", "https://b"})) == "downloading 2 files");
}

TEST_CASE("several sources are told one after the other", "[words]") {
  composite_initializer composite;
  CHECK(preparing_in_words({composite}) == "preparing an empty context");
  composite.parts = {git("https://example.com/a"), download({"https://example.com/f"})};
  CHECK(preparing_in_words({composite}) ==
        "cloning https://example.com/a, downloading https://example.com/f");
  prebuild_initializer prebuild;
  prebuild.git.resize(2);
  CHECK(preparing_in_words({prebuild}) == "cloning 2 repositories");
  prebuild.git.resize(1);
  prebuild.git[0].remote_uri = "https://u:p@example.com/a";
  CHECK(preparing_in_words({prebuild}) == "cloning https://example.com/a");
}

TEST_CASE("registries are found wherever a Dockerfile names them", "[words]") {
  using names = std::vector<std::string>;
  CHECK(registry_names("").empty());
  CHECK(registry_names("FROM library/alpine\nRUN ls /localhost\n").empty());
  CHECK(registry_names("FROM registry.example/a:1\n") == names{"registry.example"});
  CHECK(registry_names("FROM localhost:5000/a\n") == names{"localhost:5000"});
  CHECK(registry_names("ARG BASE=127.0.0.1:5000/a\nFROM ${BASE}\n") == names{"127.0.0.1:5000"});
  CHECK(registry_names("FROM localhost/a\nFROM localhost:1/b\nCOPY --from=localhost/a / /\n") ==
        names{"localhost", "localhost:1"});
  CHECK(registry_names("FROM notlocalhost/a\n").empty());
  CHECK(registry_names("/").empty());
  CHECK(registry_names(std::string(100'000, '/')).empty());
}

TEST_CASE("buildah is told of plain HTTP and mirrors, and of nothing that it knows by itself") {
  registry_settings settings;
  settings.registries["docker.io"].mirror = "mirror.example:5000";
  settings.registries["r.example"].mirror = "localhost:5000";
  settings.registries["r.example"].plain_http = true;
  settings.registries["s.example"].ca_file = "ca.pem";
  settings.registries["u.example"].mirror = "[::1]:5000";
  const auto text = registries_conf(pull_routes(settings, {"127.0.0.1:1", "t.example", "[::1]:5000"}));
  CHECK(text == "unqualified-search-registries = [\"docker.io\"]\nshort-name-mode = \"disabled\"\n"
                "\n[[registry]]\nlocation = \"127.0.0.1:1\"\ninsecure = true\n"
                "\n[[registry]]\nlocation = \"docker.io\"\n"
                "[[registry.mirror]]\nlocation = \"mirror.example:5000\"\n"
                "\n[[registry]]\nlocation = \"r.example\"\ninsecure = true\n"
                "[[registry.mirror]]\nlocation = \"localhost:5000\"\ninsecure = true\n");
  CHECK(with_mirrors(settings, {"docker.io", "s.example"}) ==
        std::set<std::string>{"docker.io", "mirror.example:5000", "s.example"});
}
