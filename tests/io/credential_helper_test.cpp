#include "actors/io/credential_helper.hpp"

#include "tests/support/helper_scripts.hpp"

#include <catch2/catch.hpp>

#include <thread>

using namespace ib;
using namespace ib::io;
using test::helper_scripts;

namespace {

result<registry_credential> asked(const helper_scripts& scripts, const std::string& name) {
  return run_credential_helper(scripts.settings(), name, "r.example.com", {});
}

bool shows_secret(const error& cause) { return cause.message.find("s3cret") != std::string::npos; }

} // namespace

TEST_CASE("a helper gets the server on its standard input and its answer is the credential") {
  helper_scripts scripts;
  scripts.write("one", R"sh(test "$*" = get && printf '{"Username":"bob","Secret":"%s"}' "$(cat)")sh");
  auto found = asked(scripts, "one");
  REQUIRE(found);
  CHECK(found->username == "bob");
  CHECK(found->password == "r.example.com");
  CHECK(found->identity_token.empty());
}

TEST_CASE("the user <token> of a helper makes its secret an identity token") {
  helper_scripts scripts;
  scripts.write("one", R"(echo '{"Username":"<token>","Secret":"refresh"}')");
  auto found = asked(scripts, "one");
  REQUIRE(found);
  CHECK(found->identity_token == "refresh");
  CHECK(found->username.empty());
  CHECK(found->password.empty());
}

TEST_CASE("a helper that says that it has no credential is no error") {
  helper_scripts scripts;
  scripts.write("one", "echo credentials not found in native keychain; exit 1");
  auto found = asked(scripts, "one");
  REQUIRE(found);
  CHECK(found->empty());
}

TEST_CASE("a helper that fails, crashes or lies is a typed error that repeats nothing of its output") {
  struct row {
    std::string body;
    error_code code;
    std::string words;
  };
  auto body = GENERATE(
      row{"echo s3cret; echo s3cret >&2; exit 3", error_code::unavailable, "exit code 3"},
      row{"echo s3cret; kill -SEGV $$", error_code::unavailable, "signal 11"},
      row{"echo 's3cret credentials not found'; exit 1", error_code::unavailable, "exit code 1"},
      row{"true", error_code::data_corrupt, "no credential"},
      row{"echo s3cret", error_code::data_corrupt, "no credential"},
      row{"echo '[\"s3cret\"]'", error_code::data_corrupt, "no credential"},
      row{R"(echo '{"Username":"s3cret"}')", error_code::data_corrupt, "no credential"},
      row{R"(echo '{"Username":"s3cret","Secret":5}')", error_code::data_corrupt, "no credential"},
      row{R"(echo '{"Username":null,"Secret":"s3cret"}')", error_code::data_corrupt, "no credential"},
      row{R"(echo '{"Username":"s3cret","Secret":"x"} trailing')", error_code::data_corrupt, "no credential"},
      row{R"(printf '{"Username":"s3cret\377","Secret":"x"}')", error_code::data_corrupt, "no credential"},
      row{"printf '%60000s' ' ' | tr ' ' '['", error_code::data_corrupt, "no credential"},
      row{"exec yes s3cret", error_code::resource_exhausted, "more than 65536 bytes"});
  CAPTURE(body.body);
  helper_scripts scripts;
  scripts.write("one", body.body);
  auto found = asked(scripts, "one");
  REQUIRE_FALSE(found);
  CHECK(found.error().code == body.code);
  CHECK(found.error().message.find("docker-credential-one for r.example.com") == 0);
  CHECK(found.error().message.find(body.words) != std::string::npos);
  CHECK_FALSE(shows_secret(found.error()));
}

TEST_CASE("a helper that hangs is ended at its time limit") {
  helper_scripts scripts;
  test::script_gate gate(scripts.folder() / "gate");
  scripts.write("one", "trap '' TERM; echo s3cret; read line < $FOLDER/gate");
  auto settings = scripts.settings();
  settings.time_limit = std::chrono::milliseconds(100);
  auto found = run_credential_helper(settings, "one", "r.example.com", {});
  REQUIRE_FALSE(found);
  CHECK(found.error().code == error_code::deadline_exceeded);
  CHECK(found.error().message.find("no answer within 100 ms") != std::string::npos);
  CHECK_FALSE(shows_secret(found.error()));
}

TEST_CASE("a helper is ended when the service stops") {
  helper_scripts scripts;
  test::script_gate gate(scripts.folder() / "gate");
  scripts.write("one", "read line < $FOLDER/gate");
  std::stop_source stop;
  std::jthread stopper([&] { stop.request_stop(); });
  auto found = run_credential_helper(scripts.settings(), "one", "r.example.com", stop.get_token());
  REQUIRE_FALSE(found);
  CHECK(found.error().code == error_code::cancelled);
}

TEST_CASE("a helper that is not installed is not found and never looked for in the working directory") {
  helper_scripts scripts;
  scripts.write_answering("one");
  CHECK(asked(scripts, "other").error().code == error_code::not_found);

  auto settings = scripts.settings();
  settings.directories = {".", std::filesystem::relative(scripts.folder().path()).string()};
  CHECK(run_credential_helper(settings, "one", "r.example.com", {}).error().code == error_code::not_found);
}

TEST_CASE("helpers are looked for in the PATH of their environment where no folders are given") {
  helper_scripts scripts;
  scripts.write_answering("one");
  auto settings = scripts.settings();
  settings.directories.clear();
  CHECK(run_credential_helper(settings, "one", "r.example.com", {}).error().code == error_code::not_found);
  settings.environment["PATH"] = "relative::/nowhere:" + scripts.folder().path().string() + ":/usr/bin:/bin";
  CHECK(run_credential_helper(settings, "one", "r.example.com", {})->username == "one");
}

TEST_CASE("a helper gets the given environment and nothing else") {
  helper_scripts scripts;
  scripts.write("one", R"sh(printf '{"Username":"%s","Secret":"x"}' "$(env | grep -v _= | tr '\n' ' ')")sh");
  auto settings = scripts.settings();
  settings.environment = {{"NAME", "value"}, {"PATH", "/usr/bin"}, {"PWD", "/"}};
  CHECK(run_credential_helper(settings, "one", "r.example.com", {})->username.find("NAME=value ") == 0);
  CHECK(run_credential_helper(settings, "one", "r.example.com", {})->username.find("HOME") ==
        std::string::npos);
}

TEST_CASE("the name of a helper is lower case letters, digits, dot, underscore and dash") {
  for (const char* name : {"pass", "ecr-login", "osx.keychain", "a_1", "."})
    CHECK(is_helper_name(name));
  for (const auto& name : std::vector<std::string>{"", "a/b", "../x", "Upper", "a b", "a;b", "ä", "a\n",
                                                   std::string("a\0b", 3), std::string(201, 'a')}) {
    CAPTURE(name);
    CHECK_FALSE(is_helper_name(name));
  }
  helper_scripts scripts;
  CHECK(asked(scripts, "../one").error().code == error_code::invalid_argument);
}
