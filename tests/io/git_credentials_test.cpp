#include "tests/io/checkout_fixture.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <thread>

using namespace ib;
using namespace ib::test;

namespace fs = std::filesystem;

namespace {

const std::string secret = git_server::password;

struct private_fixture : checkout_fixture {
  git_initializer private_git(git_auth auth, const std::string& path = "/private/app.git") const {
    auto source = git(path);
    source.auth = std::move(auth);
    return source;
  }

  git_auth basic(const std::string& password = secret) const {
    return {git_auth::kind::basic, git_server::user, password, ""};
  }

  git_auth one_time(const std::string& key) const {
    return {git_auth::kind::basic_one_time, "", "", server.url("/ots/" + key)};
  }
};

/// The command lines of all processes.
std::string all_command_lines() {
  std::string all;
  for (const auto& entry : fs::directory_iterator("/proc"))
    if (auto name = entry.path().filename().string();
        name.find_first_not_of("0123456789") == std::string::npos)
      all += content_of(entry.path() / "cmdline") + "\n";
  return all;
}

} // namespace

TEST_CASE_METHOD(private_fixture,
                 "a private repository opens with the right credentials only, however strange") {
  auto right = private_git(basic());
  right.checkout_location = "right";
  CHECK(outcome({right}) == "ok");
  CHECK(ask("rev-parse HEAD", "right") == server.commit("app/third"));

  auto refused = "unauthenticated: cannot access git repository " + server.url("/private/app.git") + ": ";
  auto wrong = private_git(basic("wr0ng-password"));
  wrong.checkout_location = "wrong";
  auto done = outcome({wrong});
  CHECK(done.find(refused) == 0);
  CHECK(done.find("wr0ng-password") == std::string::npos);

  auto absent = private_git({});
  absent.checkout_location = "absent";
  CHECK(outcome({absent}).find(refused) == 0);
}

TEST_CASE_METHOD(private_fixture, "user info in the URL is used and stored nowhere") {
  auto source = private_git({});
  source.remote_uri =
      server.url_with(std::string("alice:") + git_server::encoded_password, "/private/app.git");
  CHECK(outcome({source}) == "ok");
  CHECK(ask("remote get-url origin") == server.url("/private/app.git"));
  CHECK_FALSE(any_file_holds(folder.path(), "s3cr3t"));
  CHECK(log.find("s3cr3t") == std::string::npos);
  CHECK(log.find("alice") == std::string::npos);
}

TEST_CASE_METHOD(private_fixture, "submodules of the same host get the credentials") {
  CHECK(outcome({private_git(basic(), "/private/grandparent.git")}) == "ok");
  CHECK(content("parent/lib/lib.txt") == "old\n");
  CHECK_FALSE(any_file_holds(folder.path(), secret));
}

TEST_CASE_METHOD(private_fixture, "a submodule of another host is not sent the credentials") {
  auto done = outcome({private_git(basic(), "/private/parent_elsewhere.git")});
  CHECK(done.find("unauthenticated: ") == 0);
  bool asked = false;
  for (const auto& request : nlohmann::json::parse(server.get("/requests"))) {
    if (request[0].get<std::string>().find("localhost") != 0) continue;
    asked = true;
    CHECK_FALSE(request[2].get<bool>());
  }
  CHECK(asked);
}

TEST_CASE_METHOD(private_fixture, "one-time credentials open a private repository once") {
  auto source = private_git(one_time("key-1"));
  source.checkout_location = "first";
  CHECK(outcome({source}) == "ok");
  source.checkout_location = "second";
  auto done = outcome({source});
  CHECK(done.find("unauthenticated: ") == 0);
  CHECK(done.find("key-1") == std::string::npos);
  CHECK(log.find("key-1") == std::string::npos);
  CHECK(log.find(secret) == std::string::npos);
  CHECK_FALSE(any_file_holds(folder.path(), secret));
}

TEST_CASE_METHOD(private_fixture, "one-time URLs that answer nothing useful are refused without their text") {
  for (const char* key : {"wrong-1", "malformed-1"}) {
    auto source = private_git(one_time(key));
    source.checkout_location = key;
    auto done = outcome({source});
    CHECK(done.find("unauthenticated: ") == 0);
    CHECK(done.find("separator") == std::string::npos);
    CHECK(done.find("/ots/") == std::string::npos);
  }
  auto closed = private_git({git_auth::kind::basic_one_time, "", "", "http://127.0.0.1:1/ots/secret-key"});
  auto done = outcome({closed});
  CHECK(done.find("unavailable: ") == 0);
  CHECK(done.find("secret-key") == std::string::npos);
}

TEST_CASE_METHOD(private_fixture, "no command line and no file holds the password while git uses it") {
  std::string command_lines;
  bool in_a_file = true;
  // The server has seen the password and says nothing: git and its helper for HTTP run for as long as we
  // look.
  std::thread observer([&] {
    server.get("/until-waiting");
    command_lines = all_command_lines();
    in_a_file = any_file_holds(folder.path(), "s3cr3t");
    stop.request_stop();
  });
  auto done = prepare({private_git(basic(), "/wait/app.git")});
  observer.join();
  REQUIRE_FALSE(done);
  auto waiting = server.url("/wait/app.git");
  CHECK(command_lines.find("remote-http") != std::string::npos);
  CHECK(command_lines.find(waiting) != std::string::npos);
  // The server itself was started with the password in its arguments, by this test.
  auto own = command_lines.find("git_server.py");
  REQUIRE(own != std::string::npos);
  for (auto at = command_lines.find(secret); at != std::string::npos;
       at = command_lines.find(secret, at + 1)) {
    auto begin = command_lines.rfind('\n', at) + 1;
    auto line = command_lines.substr(begin, command_lines.find('\n', at) - begin);
    INFO(line);
    CHECK(line.find("git_server.py") != std::string::npos);
  }
  CHECK_FALSE(in_a_file);
  CHECK(done.error().message.find("s3cr3t") == std::string::npos);
  CHECK(log.find("s3cr3t") == std::string::npos);
}
