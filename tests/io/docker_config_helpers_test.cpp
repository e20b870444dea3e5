#include "actors/io/docker_config.hpp"

#include "tests/support/captured_stderr.hpp"
#include "tests/support/helper_scripts.hpp"
#include "tests/support/http_calls.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <future>
#include <iterator>

using namespace ib;
using namespace ib::io;
using namespace std::chrono_literals;
using test::helper_scripts;
using answer = result<registry_credential>;

namespace {

/// Helpers, and a Docker config file beside them.
struct house {
  helper_scripts scripts;
  std::filesystem::path file = scripts.folder() / "config.json";

  void configure(const std::string& text) const {
    auto fresh = file.string() + ".new";
    std::ofstream(fresh) << text;
    std::filesystem::rename(fresh, file);
  }

  std::shared_ptr<credential_source> open(const std::string& text) const {
    return open(text, scripts.settings());
  }

  std::shared_ptr<credential_source> open(const std::string& text, helper_settings settings) const {
    configure(text);
    auto source = make_docker_config_source(file.string(), std::move(settings));
    REQUIRE(source);
    return *source;
  }

  size_t lines_in(const std::string& name) const {
    std::ifstream in(scripts.folder() / name);
    return static_cast<size_t>(std::count(std::istreambuf_iterator<char>(in), {}, '\n'));
  }
};

answer found_in(credential_source& source, const std::string& domain) {
  return test::answer_of<registry_credential>([&](auto done) { source.find(domain, std::move(done)); });
}

std::future<answer> ask(credential_source& source, const std::string& domain) {
  auto promise = std::make_shared<std::promise<answer>>();
  source.find(domain, [promise](answer found) { promise->set_value(std::move(found)); });
  return promise->get_future();
}

answer wait_for(std::future<answer>& future) {
  if (future.wait_for(60s) != std::future_status::ready) throw std::runtime_error("no answer within 60 s");
  return future.get();
}

const std::string three_ways = R"({
  "auths":{"own.io":{"auth":"ZmlsZTpw"},"store.io":{"auth":"ZmlsZTpw"},"file.io":{"auth":"ZmlsZTpw"}},
  "credHelpers":{"own.io":"own","https://path.io/v1/":"own","file.io":""},
  "credsStore":"store"})";

} // namespace

TEST_CASE("a registry's own helper is asked, else the store, else the file's entry is taken") {
  house house;
  house.scripts.write_answering("own");
  house.scripts.write_answering("store");
  auto source = house.open(three_ways);
  CHECK(found_in(*source, "own.io")->username == "own");
  CHECK(found_in(*source, "path.io")->username == "own");
  CHECK(found_in(*source, "store.io")->username == "store");
  CHECK(found_in(*source, "other.io")->username == "store");
  CHECK(found_in(*source, "file.io")->username == "file");
}

TEST_CASE("the file's entry is taken where the helper has no credential") {
  house house;
  house.scripts.write("own", "echo credentials not found in native keychain; exit 1");
  house.scripts.write("store", "echo credentials not found in native keychain; exit 1");
  auto source = house.open(three_ways);
  CHECK(found_in(*source, "own.io")->username == "file");
  CHECK(found_in(*source, "store.io")->username == "file");
  auto nothing = found_in(*source, "other.io");
  REQUIRE(nothing);
  CHECK(nothing->empty());
}

TEST_CASE("a failing helper is an error of its registry's lookups alone") {
  house house;
  house.scripts.write("own", "echo s3cret; exit 1");
  house.scripts.write_answering("store");
  auto source = house.open(three_ways);
  auto failed = found_in(*source, "own.io");
  REQUIRE_FALSE(failed);
  CHECK(failed.error().code == error_code::unavailable);
  CHECK(failed.error().message.find("s3cret") == std::string::npos);
  CHECK(found_in(*source, "store.io")->username == "store");
  CHECK(found_in(*source, "file.io")->username == "file");
}

TEST_CASE("a failing helper is logged without its output and the next source is used") {
  house house;
  house.scripts.write("own", "echo s3cret; echo s3cret >&2; exit 1");
  request_auth auth;
  auth.mode = request_auth::kind::total;
  auth.allow_all = true;
  auth.additional["own.io"] = "bmV4dDpw"; // next:p
  credential_store store(auth_policy("own.io", "workspace.io"), house.open(three_ways), nullptr);
  test::captured_stderr log;
  std::promise<registry_credential> promise;
  store.find(auth, registry_purpose::resolve, "own.io",
             [&](registry_credential found) { promise.set_value(std::move(found)); });
  auto found = promise.get_future();
  REQUIRE(found.wait_for(60s) == std::future_status::ready);
  CHECK(found.get().username == "next");
  CHECK(log.text().find("docker-credential-own for own.io: it failed with exit code 1") != std::string::npos);
  CHECK(log.text().find("s3cret") == std::string::npos);
}

TEST_CASE("docker.io is asked for under its legacy key whichever key names its helper") {
  auto config = GENERATE(as<std::string>{}, R"({"credHelpers":{"https://index.docker.io/v1/":"own"}})",
                         R"({"credHelpers":{"index.docker.io":"own"}})",
                         R"({"credHelpers":{"docker.io":"own"}})", R"({"credsStore":"own"})");
  CAPTURE(config);
  house house;
  house.scripts.write_answering("own");
  auto source = house.open(config);
  auto found = found_in(*source, "docker.io");
  REQUIRE(found);
  CHECK(found->password == "https://index.docker.io/v1/");
}

TEST_CASE("a registry with a port is asked for with its port") {
  house house;
  house.scripts.write_answering("own");
  auto source = house.open(R"({"credHelpers":{"r.example.com:5000":"own"}})");
  CHECK(found_in(*source, "r.example.com:5000")->password == "r.example.com:5000");
  CHECK(found_in(*source, "r.example.com")->empty());
}

TEST_CASE("a lookup does not wait for a hanging helper and neither do those of other helpers") {
  house house;
  test::script_gate gate(house.scripts.folder() / "gate");
  house.scripts.write("own", R"(read line < $FOLDER/gate; echo '{"Username":"late","Secret":"p"}')");
  house.scripts.write_answering("store");
  auto source = house.open(three_ways);
  auto hanging = ask(*source, "own.io");
  CHECK(found_in(*source, "store.io")->username == "store");
  CHECK(found_in(*source, "file.io")->username == "file");
  CHECK(hanging.wait_for(0s) == std::future_status::timeout);
  gate.open();
  CHECK(wait_for(hanging)->username == "late");
}

TEST_CASE("lookups of one registry at a time share one run of its helper") {
  house house;
  test::script_gate gate(house.scripts.folder() / "gate");
  house.scripts.write("own", R"(echo run >> $FOLDER/runs
read line < $FOLDER/gate
echo '{"Username":"shared","Secret":"p"}')");
  auto source = house.open(three_ways);
  std::vector<std::future<answer>> answers;
  for (int i = 0; i < 50; ++i)
    answers.push_back(ask(*source, "own.io"));
  gate.open();
  for (auto& one : answers)
    CHECK(wait_for(one)->username == "shared");
  CHECK(house.lines_in("runs") == 1);
  gate.open();
  CHECK(found_in(*source, "own.io")->username == "shared");
  CHECK(house.lines_in("runs") == 2);
}

TEST_CASE("all lookups are answered where more of them wait than helpers may run") {
  house house;
  house.scripts.write_answering("store");
  auto source = house.open(three_ways);
  std::vector<std::future<answer>> answers;
  for (int i = 0; i < 20; ++i)
    answers.push_back(ask(*source, "r" + std::to_string(i) + ".io"));
  for (int i = 0; i < 20; ++i)
    CHECK(wait_for(answers[static_cast<size_t>(i)])->password == "r" + std::to_string(i) + ".io");
}

TEST_CASE("lookups beyond what may wait for a helper are refused and all others are told of the end") {
  house house;
  test::script_gate gate(house.scripts.folder() / "gate");
  house.scripts.write("store", "read line < $FOLDER/gate");
  auto source = house.open(three_ways);
  constexpr size_t room = 4 + 256;
  std::vector<std::future<answer>> answers;
  for (size_t i = 0; i <= room; ++i)
    answers.push_back(ask(*source, "r" + std::to_string(i) + ".io"));
  auto refused = wait_for(answers.back());
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == error_code::resource_exhausted);
  answers.pop_back();
  source.reset();
  for (auto& one : answers) {
    auto ended = wait_for(one);
    REQUIRE_FALSE(ended);
    CHECK(ended.error().code == error_code::cancelled);
  }
}

TEST_CASE("a Docker config source may be destroyed by its own answer") {
  house house;
  house.scripts.write_answering("store");
  auto holder = std::make_shared<std::shared_ptr<credential_source>>(house.open(three_ways));
  std::promise<bool> answered;
  (*holder)->find("r.io", [holder, &answered](const answer& found) {
    holder->reset();
    answered.set_value(found.has_value());
  });
  auto done = answered.get_future();
  REQUIRE(done.wait_for(60s) == std::future_status::ready);
  CHECK(done.get());
}

TEST_CASE("a config file that gains a helper uses it from then on") {
  house house;
  house.scripts.write_answering("store");
  auto source = house.open(R"({"auths":{"r.io":{"auth":"ZmlsZTpw"}}})");
  CHECK(found_in(*source, "r.io")->username == "file");
  house.configure(R"({"auths":{"r.io":{"auth":"ZmlsZTpw"}},"credsStore":"store"})");
  CHECK(found_in(*source, "r.io")->username == "store");
  house.configure(R"({"auths":{"r.io":{"auth":"ZmlsZTpw"}},"credsStore":"../store"})");
  CHECK(found_in(*source, "r.io")->username == "store");
}

TEST_CASE("a config file whose helpers have no valid names is broken and the error shows none") {
  auto config =
      GENERATE(as<std::string>{}, R"({"credsStore":"../s3cret"})", R"({"credsStore":5})",
               R"({"credHelpers":{"r.io":"s3cret name"}})", R"({"credHelpers":{"r.io":{"s3cret":1}}})",
               R"({"credHelpers":["s3cret"]})", R"({"credHelpers":{"r.io":"S3CRET/s3cret"}})");
  CAPTURE(config);
  auto parsed = parse_docker_config(config);
  REQUIRE_FALSE(parsed);
  CHECK(parsed.error().code == error_code::data_corrupt);
  CHECK(parsed.error().message.find("s3cret") == std::string::npos);
}
