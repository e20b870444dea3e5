#include "tests/io/checkout_fixture.hpp"

#include "actors/domain/sha256.hpp"
#include "actors/io/http_download.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <thread>

using namespace ib;
using namespace ib::test;

namespace fs = std::filesystem;

namespace {

struct download_fixture : checkout_fixture {
  initializer download(const std::string& path, const std::string& file, const std::string& digest = "",
                       const std::string& target = "") const {
    return {download_initializer{{{server.url(path), file, digest}}, target}};
  }

  size_t files_in_root() const {
    fs::recursive_directory_iterator all(root);
    return static_cast<size_t>(
        std::count_if(begin(all), end(all), [](const auto& entry) { return !entry.is_directory(); }));
  }
};

const std::string hello_digest = "sha256:" + sha256_hex("hello\n");

} // namespace

TEST_CASE_METHOD(download_fixture, "a file is downloaded to its path below the target location") {
  CHECK(outcome(download("/files/hello.txt", "a/b.txt", hello_digest, "deep/er")) == "ok");
  CHECK(content("deep/er/a/b.txt") == "hello\n");
  CHECK(files_in_root() == 1);
  CHECK(log == "downloading " + server.url("/files/hello.txt") + "\n");
}

TEST_CASE_METHOD(download_fixture, "a file without a digest is taken as it is, redirects are followed") {
  CHECK(outcome(download("/redirect/hello.txt", "x")) == "ok");
  CHECK(content("x") == "hello\n");
}

TEST_CASE_METHOD(download_fixture, "a file of another digest is refused and nothing of it stays") {
  auto done = prepare(download("/files/hello.txt", "x", "sha256:" + std::string(64, '0')));
  REQUIRE_FALSE(done);
  CHECK(done.error().code == error_code::failed_precondition);
  CHECK(done.error().field == "source.file.source.download.files[0].digest");
  CHECK(done.error().message.find(hello_digest) != std::string::npos);
  CHECK(files_in_root() == 0);
}

TEST_CASE_METHOD(download_fixture, "a download that the server refuses says why and shows no query") {
  auto done = prepare(download("/files/missing?signature=hidden", "x"));
  REQUIRE_FALSE(done);
  CHECK(done.error().code == error_code::not_found);
  CHECK(done.error().message.find("404") != std::string::npos);
  CHECK(done.error().message.find("hidden") == std::string::npos);
  CHECK(log.find("hidden") == std::string::npos);
  CHECK(prepare(download("/private/x", "x")).error().code == error_code::unauthenticated);
  CHECK(prepare(download("/busy/x", "x")).error().code == error_code::unavailable);
  CHECK(files_in_root() == 0);
}

TEST_CASE_METHOD(download_fixture, "a download can be stopped in its middle and leaves nothing") {
  std::thread stopper([this] {
    server.get("/until-waiting");
    stop.request_stop();
  });
  auto done = prepare(download("/stall/x", "x"));
  stopper.join();
  REQUIRE_FALSE(done);
  CHECK(done.error().code == error_code::cancelled);
  CHECK(files_in_root() == 0);
}

TEST_CASE_METHOD(download_fixture, "a body over the limit or refused by its reader ends the transfer") {
  io::http_download request;
  request.url = server.url("/files/hello.txt");
  request.shown = "the file";
  request.max_bytes = 5;
  std::string got;
  request.on_body = [&](std::string_view bytes) {
    got += bytes;
    return result<void>();
  };
  CHECK(io::download(request, {}).error().code == error_code::resource_exhausted);
  CHECK(got.empty());
  request.max_bytes = 6;
  CHECK(io::download(request, {}));
  CHECK(got == "hello\n");
  request.on_body = [](std::string_view) -> result<void> { return error{error_code::internal, "no room"}; };
  auto done = io::download(request, {});
  REQUIRE_FALSE(done);
  CHECK(done.error().message == "cannot get the file: no room");
}

TEST_CASE_METHOD(download_fixture, "a redirect to a local file is not followed") {
  io::http_download request;
  request.url = server.url("/redirect-to-file/x");
  request.shown = "the file";
  request.max_bytes = 1000;
  request.allow_file = true; // the first URL may be a file, a server's word may not
  request.on_body = [](std::string_view) { return result<void>(); };
  auto done = io::download(request, {});
  REQUIRE_FALSE(done);
  CHECK(done.error().code == error_code::invalid_argument);
}

TEST_CASE_METHOD(download_fixture, "local files are downloaded where the settings allow it") {
  std::ofstream(folder.path() / "local") << "local\n";
  initializer source{download_initializer{{{"file://" + (folder.path() / "local").string(), "x", ""}}, ""}};
  CHECK(prepare(source).error().code == error_code::invalid_argument);
  allow_file = true;
  CHECK(outcome(source) == "ok");
  CHECK(content("x") == "local\n");
}

TEST_CASE_METHOD(download_fixture, "the parts of a composite are carried out in order") {
  composite_initializer parts;
  parts.parts = {{git("/open/app.git")}, {empty_initializer{}}, download("/files/hello.txt", "file.txt")};
  CHECK(outcome({parts}) == "ok");
  CHECK(content("file.txt") == "hello\n");
  CHECK(content("Dockerfile") == "FROM scratch\n");
  CHECK(ask("status --porcelain") == " M file.txt");
}

TEST_CASE_METHOD(download_fixture, "a part that fails ends a composite and names its place") {
  composite_initializer parts;
  parts.parts = {download("/files/hello.txt", "a"), download("/files/missing", "b"),
                 download("/files/hello.txt", "c")};
  auto done = prepare({parts});
  REQUIRE_FALSE(done);
  CHECK(done.error().field == "source.file.source.composite.initializer[1].download.files[0].url");
  CHECK(fs::exists(root / "a"));
  CHECK_FALSE(fs::exists(root / "c"));
}

TEST_CASE_METHOD(download_fixture, "a prebuild is its list of git repositories") {
  auto lib = git("/open/lib.git");
  lib.checkout_location = "lib";
  CHECK(outcome({prebuild_initializer{{git("/open/app.git"), lib}}}) == "ok");
  CHECK(content("file.txt") == "third\n");
  CHECK(content("lib/lib.txt") == "new\n");
}

TEST_CASE_METHOD(download_fixture, "two repositories cannot share a folder") {
  composite_initializer parts{{{git("/open/app.git")}, {git("/open/lib.git")}}};
  auto done = prepare({parts});
  REQUIRE_FALSE(done);
  CHECK(done.error().code == error_code::invalid_argument);
  CHECK(done.error().field == "source.file.source.composite.initializer[1].git.checkout_location");
}

TEST_CASE_METHOD(download_fixture, "files of a repository do not replace what an earlier part brought") {
  composite_initializer parts{{download("/files/hello.txt", "file.txt"), {git("/open/app.git")}}};
  auto done = outcome({parts});
  CHECK(done.find("invalid_argument: ") == 0);
  CHECK(content("file.txt") == "hello\n");
}

TEST_CASE_METHOD(download_fixture, "an empty initializer leaves an empty context") {
  CHECK(outcome({empty_initializer{}}) == "ok");
  CHECK(fs::is_empty(root));
}

TEST_CASE_METHOD(download_fixture, "nothing is written through a link that leads out of the context") {
  auto after_links = [this](initializer part) {
    return outcome({composite_initializer{{{git("/open/links.git")}, std::move(part)}}});
  };
  auto hello = std::string("/files/hello.txt");
  SECTION("by the file's path") {
    CHECK(after_links(download(hello, "to_etc/x")).find("invalid_argument: ") == 0);
    CHECK_FALSE(fs::exists("/etc/x"));
  }
  SECTION("by a link to a folder above") {
    CHECK(after_links(download(hello, "up/x")).find("invalid_argument: ") == 0);
  }
  SECTION("by a link to itself") {
    CHECK(after_links(download(hello, "round/x")).find("invalid_argument: ") == 0);
  }
  SECTION("by the target location") {
    CHECK(after_links(download(hello, "x", "", "to_etc")).find("invalid_argument: ") == 0);
    CHECK_FALSE(fs::exists("/etc/x"));
  }
  SECTION("by the checkout location") {
    auto second = git("/open/lib.git");
    second.checkout_location = "to_etc/lib";
    CHECK(after_links({second}).find("invalid_argument: ") == 0);
    CHECK_FALSE(fs::exists("/etc/lib"));
  }
  SECTION("by the file's own name, which is replaced") {
    CHECK(after_links(download(hello, "dangling")) == "ok");
    CHECK_FALSE(fs::is_symlink(fs::symlink_status(root / "dangling")));
    CHECK(content("dangling") == "hello\n");
  }
  SECTION("but a link that stays inside serves") {
    CHECK(after_links(download(hello, "to_inside/x")) == "ok");
    CHECK(content("inside/x") == "hello\n");
  }
  SECTION("and a folder is not replaced by a file") {
    CHECK(after_links(download(hello, "inside")).find("invalid_argument: ") == 0);
    CHECK(after_links(download(hello, "inside")).find("ok") != 0);
  }
}
