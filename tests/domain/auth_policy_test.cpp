#include "actors/domain/auth_policy.hpp"

#include "actors/domain/base64.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <utility>
#include <vector>

using namespace ib;

namespace {

const std::string base = "base.example.com";
const std::string workspace = "ws.example.com";
const std::string listed = "listed.example.com";
const std::string other = "other.example.com";
const std::string ecr = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";

constexpr auto file = credential_kind::service_file;
constexpr auto token = credential_kind::ecr;
constexpr auto request = credential_kind::request;
using kinds = std::vector<credential_kind>;

request_auth no_auth() { return {}; }

request_auth total(bool allow_all) {
  request_auth auth;
  auth.mode = request_auth::kind::total;
  auth.allow_all = allow_all;
  return auth;
}

request_auth selective(bool allow_base, bool allow_workspace, std::vector<std::string> any_of = {}) {
  request_auth auth;
  auth.mode = request_auth::kind::selective;
  auth.allow_base_repository = allow_base;
  auth.allow_workspace_repository = allow_workspace;
  auth.any_of = std::move(any_of);
  return auth;
}

struct row {
  std::string name;
  request_auth auth;
  std::string domain;
  kinds resolve;
  kinds dockerfile;
};

/// `none` with fields of the other modes set: they must not count.
request_auth none_with_leftovers() {
  auto auth = selective(true, true, {base, other});
  auth.allow_all = true;
  auth.mode = request_auth::kind::none;
  return auth;
}

const std::vector<row> table = {
    {"no auth", no_auth(), base, {request}, {request}},
    {"no auth", no_auth(), workspace, {request}, {}},
    {"no auth", no_auth(), other, {request}, {request}},
    {"no auth", no_auth(), ecr, {request, token}, {request, token}},
    {"no auth, leftovers", none_with_leftovers(), base, {request}, {request}},
    {"no auth, leftovers", none_with_leftovers(), other, {request}, {request}},
    {"total, not all", total(false), base, {request}, {request}},
    {"total, not all", total(false), workspace, {request}, {}},
    {"total, not all", total(false), other, {request}, {request}},
    {"total, not all", total(false), ecr, {request, token}, {request, token}},
    {"total, all", total(true), base, {file, request}, {file, request}},
    {"total, all", total(true), workspace, {file, request}, {}},
    {"total, all", total(true), other, {request, file}, {request}},
    {"total, all", total(true), ecr, {request, file, token}, {request, token}},
    {"selective, nothing", selective(false, false), base, {request}, {request}},
    {"selective, nothing", selective(false, false), workspace, {request}, {}},
    {"selective, nothing", selective(false, false), ecr, {request, token}, {request, token}},
    {"selective, base", selective(true, false), base, {file, request}, {file, request}},
    {"selective, base", selective(true, false), workspace, {request}, {}},
    {"selective, base", selective(true, false), other, {request}, {request}},
    {"selective, workspace", selective(false, true), base, {request}, {request}},
    {"selective, workspace", selective(false, true), workspace, {file, request}, {}},
    {"selective, workspace", selective(false, true), other, {request}, {request}},
    {"selective, listed", selective(false, false, {listed}), listed, {request, file}, {request}},
    {"selective, listed", selective(false, false, {listed}), other, {request}, {request}},
    {"selective, listed", selective(false, false, {listed}), "x." + listed, {request}, {request}},
    {"selective, listed", selective(false, false, {listed}), "example.com", {request}, {request}},
    {"selective, base listed", selective(false, false, {base}), base, {file, request}, {file, request}},
    {"selective, workspace listed", selective(false, false, {workspace}), workspace, {file, request}, {}},
    {"selective, ECR listed", selective(false, false, {ecr}), ecr, {request, file, token}, {request, token}},
};

registry_credential user_and_password(const std::string& user, const std::string& password) {
  registry_credential credential;
  credential.username = user;
  credential.password = password;
  return credential;
}

registry_credential opaque(const std::string& value) {
  registry_credential credential;
  credential.opaque_auth = value;
  return credential;
}

} // namespace

TEST_CASE("each request may use exactly the credentials of the specification's list") {
  const auth_policy policy(base, workspace);
  for (const auto& [name, auth, domain, resolve, dockerfile] : table) {
    CAPTURE(name, domain);
    CHECK(policy.sources(auth, registry_purpose::resolve, domain) == resolve);
    CHECK(policy.sources(auth, registry_purpose::dockerfile, domain) == dockerfile);
  }
}

TEST_CASE("the service's own images use its own credentials whatever the request allows") {
  const auth_policy policy(base, workspace);
  for (const auto& entry : table) {
    CAPTURE(entry.name, entry.domain);
    const auto expected = entry.domain == ecr ? kinds{file, token} : kinds{file};
    CHECK(policy.sources(entry.auth, registry_purpose::own_image, entry.domain) == expected);
  }
}

TEST_CASE("where both repositories share a domain a Dockerfile gets no additional entry for it") {
  const auth_policy policy(base, base);
  CHECK(policy.sources(no_auth(), registry_purpose::dockerfile, base).empty());
  CHECK(policy.sources(selective(true, false), registry_purpose::dockerfile, base) == kinds{file});
  CHECK(policy.sources(selective(false, true), registry_purpose::dockerfile, base).empty());
  CHECK(policy.sources(selective(false, true), registry_purpose::resolve, base) == kinds{file, request});
}

TEST_CASE("repositories on ECR come before the request's entry") {
  const auth_policy policy(ecr, ecr);
  CHECK(policy.sources(no_auth(), registry_purpose::resolve, ecr) == kinds{token, request});
  CHECK(policy.sources(total(true), registry_purpose::resolve, ecr) == kinds{file, token, request});
  CHECK(policy.sources(total(true), registry_purpose::dockerfile, ecr) == kinds{file, token});
  CHECK(policy.sources(no_auth(), registry_purpose::dockerfile, ecr) == kinds{token});
}

TEST_CASE("an ECR host must match as a whole") {
  for (const std::string host : {"123456789012.dkr.ecr.eu-west-1.amazonaws.com",
                                 "123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com",
                                 "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn",
                                 "000000000000.dkr.ecr.dummy-host-zone.amazonaws.com"}) {
    CAPTURE(host);
    CHECK(auth_policy::is_ecr_host(host));
  }
  for (const std::string host :
       {"", "12345678901.dkr.ecr.eu-west-1.amazonaws.com", "1234567890123.dkr.ecr.eu-west-1.amazonaws.com",
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com.evil.com",
        "123456789012.dkr.ecr.evil.com/x.amazonaws.com", "123456789012.dkr.ecr.a.b.amazonaws.com",
        "123456789012.dkr.ecr..amazonaws.com", "123456789012.dkr.ecr.amazonaws.com",
        "x123456789012.dkr.ecr.eu-west-1.amazonaws.com", "123456789012.dkr.ecr.eu-west-1.amazonaws.com:443",
        "12345678901a.dkr.ecr.eu-west-1.amazonaws.com", "123456789012.dkr.ecr-x.eu-west-1.amazonaws.com",
        "123456789012.dkr.ecr.-eu.amazonaws.com", "123456789012.dkr.ecr.eu-west-1.amazonaws.com.",
        "123456789012.dkr.ecr.eu-west-1xamazonaws.com", "123456789012.dkr.ecr.eu-west-1.amazonaws.com.cn.cn",
        "123456789012", "public.ecr.aws"}) {
    CAPTURE(host);
    CHECK_FALSE(auth_policy::is_ecr_host(host));
  }
}

TEST_CASE("an additional value splits into user and password") {
  const auto decode = [](const std::string& domain, const std::string& text) {
    return auth_policy::decode_additional(domain, base64_encode(text));
  };
  CHECK(decode("r.io", "user:password") == user_and_password("user", "password"));
  CHECK(decode("r.io", "user:pass:word") == user_and_password("user", "pass:word"));
  CHECK(decode("r.io:5000", "r.io:5000:token") == user_and_password("r.io:5000", "token"));
  CHECK(decode("r.io:5000", "r.io:5001:token") == user_and_password("r.io", "5001:token"));
  CHECK(decode("r.io", "r.io:token") == user_and_password("r.io", "token"));
  CHECK(decode("r.io:5000", "r.io:5000") == user_and_password("r.io", "5000"));
  CHECK(decode("r.io", ":password") == user_and_password("", "password"));
  CHECK(decode("r.io", "user:") == user_and_password("user", ""));
  CHECK(decode("", ":x") == user_and_password("", "x"));
  CHECK(auth_policy::decode_additional("r.io", " dTpw\n") == user_and_password("u", "p"));
  CHECK(auth_policy::decode_additional("r.io", "dXNlcjpw") == user_and_password("user", "p"));
  CHECK(auth_policy::decode_additional("r.io", "dXNlcjpwYQ") == user_and_password("user", "pa"));
}

TEST_CASE("an additional value without colon or base64 is kept as it is") {
  const auto no_colon = base64_encode("token");
  CHECK(auth_policy::decode_additional("r.io", no_colon) == opaque(no_colon));
  CHECK(auth_policy::decode_additional("r.io", "!no-base64!") == opaque("!no-base64!"));
  CHECK(auth_policy::decode_additional("r.io", "").empty());
}

TEST_CASE("an opaque value that would break a header is no credential") {
  CHECK(auth_policy::decode_additional("r.io", "x\r\nHost: evil").empty());
  CHECK(auth_policy::decode_additional("r.io", "a b").empty());
}

TEST_CASE("the request's entry is found by the exact domain") {
  request_auth auth;
  auth.additional["r.io"] = base64_encode("u:p");
  CHECK(auth_policy::from_request(auth, "r.io") == user_and_password("u", "p"));
  CHECK(auth_policy::from_request(auth, "r.io:443").empty());
  CHECK(auth_policy::from_request(auth, "x.r.io").empty());
}

TEST_CASE("base64 gives the vectors of RFC 4648") {
  const std::vector<std::pair<std::string, std::string>> vectors = {{"", ""},
                                                                    {"f", "Zg=="},
                                                                    {"fo", "Zm8="},
                                                                    {"foo", "Zm9v"},
                                                                    {"foob", "Zm9vYg=="},
                                                                    {"fooba", "Zm9vYmE="},
                                                                    {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, encoded] : vectors) {
    CAPTURE(plain);
    CHECK(base64_encode(plain) == encoded);
    CHECK(base64_decode(encoded) == plain);
    CHECK(base64_decode(encoded.substr(0, encoded.find('='))) == plain);
  }
  for (const std::string bad : {"Z", "Zg=", "Zg===", "=", "====", "Zh==", "Zm9=", "Zm-v", "Zm_v",
                                "Zm9v=", "Zm9v====", "Zg==Zg==", "Zm 9v", "Zm9v\n", "Z=g="}) {
    CAPTURE(bad);
    CHECK_FALSE(base64_decode(bad));
  }
}
