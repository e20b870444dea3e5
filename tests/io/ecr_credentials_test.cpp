#include "actors/io/ecr_credentials.hpp"

#include "tests/support/ecr_server.hpp"
#include "tests/support/http_calls.hpp"
#include "tests/support/scripted_server.hpp"
#include "tests/support/temp_dir.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <fstream>
#include <future>
#include <nlohmann/json.hpp>

using namespace ib;
using namespace ib::io;
using namespace std::chrono_literals;
using test::ecr_server;

namespace {

const std::string host = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";

/// A clock that stands until the test moves it.
struct test_clock {
  std::shared_ptr<std::atomic<int64_t>> ahead_s = std::make_shared<std::atomic<int64_t>>(0);
  std::chrono::system_clock::time_point start = std::chrono::system_clock::now();

  void advance(std::chrono::seconds by) const { *ahead_s += by.count(); }
  std::chrono::system_clock::time_point operator()() const { return start + std::chrono::seconds(*ahead_s); }
};

std::shared_ptr<credential_source> source_for(environment_map environment, const test_clock& clock = {}) {
  ecr_settings settings;
  settings.environment = std::move(environment);
  settings.now = clock;
  return make_ecr_source(std::move(settings));
}

result<registry_credential> found_in(credential_source& source, const std::string& domain = host) {
  return test::answer_of<registry_credential>([&](auto done) { source.find(domain, std::move(done)); });
}

nlohmann::json seen(const ecr_server& server) { return nlohmann::json::parse(server.seen()); }

/// The environment of a pod with a service account: a role and a token in a file.
environment_map web_identity_environment(const ecr_server& server, const std::string& token_file) {
  return {{"AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/builder"},
          {"AWS_WEB_IDENTITY_TOKEN_FILE", token_file},
          {"AWS_ENDPOINT_URL_ECR", server.url()},
          {"AWS_ENDPOINT_URL_STS", server.url("sts")}};
}

bool shows_secret(const error& cause) { return cause.message.find("s3cret") != std::string::npos; }

} // namespace

TEST_CASE("a password of an ECR registry is got by a signed request that Amazon's algorithm verifies") {
  ecr_server server;
  auto source = source_for(server.environment());
  auto found = found_in(*source);
  REQUIRE(found);
  CHECK(found->username == "AWS");
  CHECK(found->password == "password-1");
  CHECK(seen(server) ==
        nlohmann::json::parse(R"([{"key":"AKIDSTATIC","scope":"eu-west-1/ecr/aws4_request"}])"));
}

TEST_CASE("the signature of an ECR request covers the session token of temporary keys") {
  ecr_server server;
  auto environment = server.environment();
  environment["AWS_ACCESS_KEY_ID"] = ecr_server::session_access_key;
  auto without = found_in(*source_for(environment));
  REQUIRE_FALSE(without);
  CHECK(without.error().code == error_code::unauthenticated);
  environment["AWS_SESSION_TOKEN"] = ecr_server::session_token;
  CHECK(found_in(*source_for(environment))->username == "AWS");
}

TEST_CASE("wrong keys are an error that shows none of them") {
  ecr_server server;
  auto environment = server.environment();
  environment["AWS_ACCESS_KEY_ID"] = ecr_server::session_access_key;
  environment["AWS_SESSION_TOKEN"] = ecr_server::session_token;
  environment["AWS_SECRET_ACCESS_KEY"] = "s3cret/other";
  auto refused = found_in(*source_for(environment));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == error_code::unauthenticated);
  CHECK(refused.error().message.find(host) != std::string::npos);
  CHECK(refused.error().message.find("InvalidSignatureException") != std::string::npos);
  CHECK_FALSE(shows_secret(refused.error()));

  environment["AWS_ACCESS_KEY_ID"] = "AKIDNOBODY";
  CHECK(found_in(*source_for(environment)).error().code == error_code::unauthenticated);
}

TEST_CASE("a host that is no ECR registry has no password and asks nobody") {
  ecr_server server;
  auto source = source_for(server.environment());
  for (const std::string domain : {"docker.io", "123456789012.dkr.ecr.eu-west-1.amazonaws.com.evil.com",
                                   "x123456789012.dkr.ecr.eu-west-1.amazonaws.com"}) {
    CAPTURE(domain);
    auto found = found_in(*source, domain);
    REQUIRE(found);
    CHECK(found->empty());
  }
  CHECK(seen(server).empty());
}

TEST_CASE("an ECR password is kept for four hours for its registry") {
  ecr_server server;
  test_clock clock;
  auto source = source_for(server.environment(), clock);
  CHECK(found_in(*source)->password == "password-1");
  clock.advance(4h - 1s);
  CHECK(found_in(*source)->password == "password-1");
  CHECK(found_in(*source, "999999999999.dkr.ecr.eu-west-1.amazonaws.com")->password == "password-2");
  clock.advance(1s);
  CHECK(found_in(*source)->password == "password-3");
  CHECK(found_in(*source)->password == "password-3");
  CHECK(seen(server).size() == 3);
}

TEST_CASE("an ECR password that expires before four hours is not kept beyond it") {
  ecr_server server;
  test_clock clock;
  auto source = source_for(server.environment("expires-3600"), clock);
  CHECK(found_in(*source)->password == "password-1");
  clock.advance(50min);
  CHECK(found_in(*source)->password == "password-1");
  clock.advance(6min);
  CHECK(found_in(*source)->password == "password-2");

  auto expired = source_for(server.environment("expires-0"), clock);
  CHECK(found_in(*expired)->password == "password-3");
  CHECK(found_in(*expired)->password == "password-4");
}

TEST_CASE("many lookups of an ECR registry at a time make one request") {
  ecr_server server;
  auto source = source_for(server.environment("hold"));
  std::vector<std::future<result<registry_credential>>> answers;
  for (int i = 0; i < 100; ++i) {
    auto promise = std::make_shared<std::promise<result<registry_credential>>>();
    answers.push_back(promise->get_future());
    source->find(host, [promise](auto found) { promise->set_value(std::move(found)); });
  }
  server.release();
  for (auto& answer : answers) {
    REQUIRE(answer.wait_for(60s) == std::future_status::ready);
    CHECK(answer.get()->password == "password-1");
  }
  CHECK(seen(server).size() == 1);
}

TEST_CASE("a failure of Amazon is a typed error that repeats none of its words and is not kept") {
  struct row {
    std::string mode;
    error_code code;
  };
  ecr_server server;
  auto modes = std::vector<row>{
      {"throttled", error_code::too_many_requests}, {"denied", error_code::permission_denied},
      {"expired", error_code::unauthenticated},     {"invalid", error_code::internal},
      {"broken", error_code::unavailable},          {"garbage", error_code::data_corrupt},
      {"empty", error_code::data_corrupt},          {"not-base64", error_code::data_corrupt},
      {"no-colon", error_code::data_corrupt},       {"no-password", error_code::data_corrupt},
      {"huge", error_code::data_corrupt},           {"wrong-types", error_code::data_corrupt},
      {"redirect", error_code::unavailable}};
  size_t requests = 0;
  for (const auto& [mode, code] : modes) {
    CAPTURE(mode);
    auto source = source_for(server.environment(mode));
    for (int i = 0; i < 2; ++i) {
      auto failed = found_in(*source);
      REQUIRE_FALSE(failed);
      CHECK(failed.error().code == code);
      CHECK(failed.error().message.find(host) != std::string::npos);
      CHECK_FALSE(shows_secret(failed.error()));
    }
    requests += 2;
    CHECK(seen(server).size() == requests);
  }
}

TEST_CASE("an endpoint of Amazon that nobody serves is unavailable") {
  test::refusing_port nobody;
  environment_map environment{{"AWS_ACCESS_KEY_ID", "a"},
                              {"AWS_SECRET_ACCESS_KEY", "s3cret"},
                              {"AWS_ENDPOINT_URL", "http://" + nobody.domain()}};
  auto failed = found_in(*source_for(environment));
  REQUIRE_FALSE(failed);
  CHECK(failed.error().code == error_code::unavailable);
}

TEST_CASE("keys are got by web identity where the environment has a role and no keys") {
  ecr_server server;
  test::temp_dir folder;
  auto file = (folder / "token").string();
  std::ofstream(file) << ecr_server::identity_token << '\n';
  auto environment = web_identity_environment(server, file);
  auto found = found_in(*source_for(environment));
  REQUIRE(found);
  CHECK(found->username == "AWS");
  environment["AWS_ROLE_SESSION_NAME"] = "my builder";
  CHECK(found_in(*source_for(environment)));
  CHECK(seen(server) == nlohmann::json::parse(R"([
    {"role":"arn:aws:iam::123456789012:role/builder","session":"image-builder"},
    {"key":"ASIDASSUMED","scope":"eu-west-1/ecr/aws4_request"},
    {"role":"arn:aws:iam::123456789012:role/builder","session":"my builder"},
    {"key":"ASIDASSUMED","scope":"eu-west-1/ecr/aws4_request"}])"));
}

TEST_CASE("keys of the environment are used before web identity") {
  ecr_server server;
  auto environment = web_identity_environment(server, "/nowhere/token");
  environment.merge(server.environment());
  CHECK(found_in(*source_for(environment)));
  CHECK(seen(server)[0]["key"] == ecr_server::access_key);
}

TEST_CASE("the token of a web identity is read again at each use") {
  ecr_server server;
  test::temp_dir folder;
  auto file = (folder / "token").string();
  std::ofstream(file) << "s3cret old";
  auto source = source_for(web_identity_environment(server, file));
  auto refused = found_in(*source);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == error_code::unauthenticated);
  CHECK(refused.error().message.find("AssumeRoleWithWebIdentity") != std::string::npos);
  CHECK_FALSE(shows_secret(refused.error()));
  std::ofstream(file) << ecr_server::identity_token;
  CHECK(found_in(*source)->username == "AWS");
}

TEST_CASE("a web identity that cannot be used is a typed error") {
  ecr_server server;
  test::temp_dir folder;
  auto file = (folder / "token").string();
  auto environment = web_identity_environment(server, file);
  auto code_now = [&] { return found_in(*source_for(environment)).error().code; };
  CHECK(code_now() == error_code::failed_precondition); // no file
  std::ofstream(file) << " \n";
  CHECK(code_now() == error_code::failed_precondition);
  std::ofstream(file) << std::string(70'000, 'x');
  CHECK(code_now() == error_code::failed_precondition);
  std::ofstream(file) << ecr_server::identity_token;
  environment["AWS_ENDPOINT_URL_STS"] = server.url("sts-garbage");
  CHECK(code_now() == error_code::data_corrupt);
  environment["AWS_WEB_IDENTITY_TOKEN_FILE"] = folder.path().string();
  CHECK(code_now() == error_code::failed_precondition);
}

TEST_CASE("an environment without keys is an error that names the variables") {
  auto failed = found_in(*source_for({}));
  REQUIRE_FALSE(failed);
  CHECK(failed.error().code == error_code::failed_precondition);
  for (const char* name :
       {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE"})
    CHECK(failed.error().message.find(name) != std::string::npos);
}

TEST_CASE("an ECR endpoint that is not HTTPS is refused except on loopback") {
  for (const std::string url : {"http://ecr.example.com/", "ftp://127.0.0.1/", "no url"}) {
    CAPTURE(url);
    auto failed = found_in(*source_for(
        {{"AWS_ACCESS_KEY_ID", "a"}, {"AWS_SECRET_ACCESS_KEY", "s3cret"}, {"AWS_ENDPOINT_URL_ECR", url}}));
    REQUIRE_FALSE(failed);
    CHECK(failed.error().code == error_code::failed_precondition);
    CHECK_FALSE(shows_secret(failed.error()));
  }
}

TEST_CASE("an ECR source that ends answers the lookups in flight") {
  ecr_server server;
  auto source = source_for(server.environment("hold"));
  std::promise<result<registry_credential>> promise;
  source->find(host, [&](auto found) { promise.set_value(std::move(found)); });
  source.reset();
  auto answer = promise.get_future();
  REQUIRE(answer.wait_for(60s) == std::future_status::ready);
  auto found = answer.get();
  REQUIRE_FALSE(found);
  CHECK(found.error().code == error_code::cancelled);
}

TEST_CASE("an ECR source may be destroyed by its own answer") {
  ecr_server server;
  auto source = source_for(server.environment());
  auto holder = std::make_shared<std::shared_ptr<credential_source>>(source);
  std::promise<bool> answered;
  source->find(host, [holder, &answered](const auto& found) {
    holder->reset();
    answered.set_value(found.has_value());
  });
  source.reset();
  auto done = answered.get_future();
  REQUIRE(done.wait_for(60s) == std::future_status::ready);
  CHECK(done.get());
}
