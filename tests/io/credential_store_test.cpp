#include "actors/domain/base64.hpp"
#include "actors/io/credential_source.hpp"

#include <catch2/catch.hpp>

using namespace ib;
using namespace ib::io;

namespace {

const std::string ecr_host = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";

/// Answers every question the same way.
class scripted_source : public credential_source {
public:
  explicit scripted_source(result<registry_credential> answer) : answer_(std::move(answer)) {}
  void find(const std::string&, std::function<void(result<registry_credential>)> done) override {
    ++asked;
    done(answer_);
  }
  int asked = 0;

private:
  result<registry_credential> answer_;
};

registry_credential user(const std::string& name) {
  registry_credential credential;
  credential.username = name;
  credential.password = "p";
  return credential;
}

request_auth allow_all() {
  request_auth auth;
  auth.mode = request_auth::kind::total;
  auth.allow_all = true;
  return auth;
}

std::string user_found(const credential_store& store, const request_auth& auth, const std::string& domain) {
  std::string name = "never called";
  store.find(auth, registry_purpose::resolve, domain,
             [&](const registry_credential& found) { name = found.empty() ? "anonymous" : found.username; });
  return name;
}

} // namespace

TEST_CASE("the first source with a credential is used") {
  auto file = std::make_shared<scripted_source>(user("file"));
  auto ecr = std::make_shared<scripted_source>(user("ecr"));
  credential_store store(auth_policy("own.io", "own.io"), file, ecr);
  CHECK(user_found(store, allow_all(), "other.io") == "file");
  CHECK(user_found(store, allow_all(), ecr_host) == "file");
  CHECK(ecr->asked == 0);
}

TEST_CASE("an error or nothing in one source does not silence the next") {
  auto failing = std::make_shared<scripted_source>(error{error_code::unavailable, "broken"});
  auto ecr = std::make_shared<scripted_source>(user("ecr"));
  credential_store store(auth_policy("own.io", "own.io"), failing, ecr);
  CHECK(user_found(store, allow_all(), ecr_host) == "ecr");
  CHECK(failing->asked == 1);
  CHECK(user_found(store, allow_all(), "other.io") == "anonymous");
  credential_store without(auth_policy("own.io", "own.io"), nullptr, nullptr);
  CHECK(user_found(without, allow_all(), ecr_host) == "anonymous");
}

TEST_CASE("a request that allows nothing gets only what it brings") {
  auto file = std::make_shared<scripted_source>(user("file"));
  credential_store store(auth_policy("own.io", "own.io"), file, nullptr);
  request_auth auth;
  CHECK(user_found(store, auth, "other.io") == "anonymous");
  auth.additional["other.io"] = base64_encode("mine:p");
  CHECK(user_found(store, auth, "other.io") == "mine");
  CHECK(file->asked == 0);
}
