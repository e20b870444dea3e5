#include "actors/domain/base64.hpp"
#include "actors/io/bearer_token.hpp"
#include "tests/io/registry_calls.hpp"
#include "tests/support/scripted_server.hpp"
#include "tests/support/test_images.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <future>

using namespace ib;
using namespace ib::io;
using namespace ib::test;

namespace {

std::string image_answer() {
  return scripted_server::response("200 OK",
                                   std::string("Content-Type: ") + oci_image_type +
                                       "\r\nDocker-Content-Digest: sha256:" + std::string(64, 'a') + "\r\n",
                                   "");
}

std::string host_of(const std::string& request) {
  auto host = request.substr(request.find("Host: ") + 6);
  return host.substr(0, host.find("\r\n"));
}

std::future<result<found_image>> later(registry_calls& calls, const registry_lookup& lookup) {
  auto promise = std::make_shared<std::promise<result<found_image>>>();
  calls.client()->resolve(lookup,
                          [promise](result<found_image> image) { promise->set_value(std::move(image)); });
  return promise->get_future();
}

/// A registry and its token service in one: wants "Bearer token-<n>", the newest it gave out.
class token_registry {
public:
  token_registry() : server_([this](const std::string& request) { return answer(request); }) {}

  reference image() const { return {server_.domain(), "a/b", "v1", ""}; }
  std::string domain() const { return server_.domain(); }
  std::vector<std::string> requests() { return server_.requests(); }
  size_t count(const std::string& beginning) {
    size_t found = 0;
    for (const auto& request : requests())
      found += request.starts_with(beginning);
    return found;
  }

  std::atomic<int> given{0};
  std::atomic<bool> revoked{false};
  std::string token_answer; ///< in place of a token, a raw response

private:
  std::string answer(const std::string& request) {
    if (request.starts_with("GET /token") || request.starts_with("POST /token")) return token();
    auto wanted = "Bearer token-" + std::to_string(given.load());
    if (given > 0 && !revoked && contains(request, wanted)) return image_answer();
    return scripted_server::response("401 Unauthorized",
                                     "WWW-Authenticate: Bearer realm=\"http://" + host_of(request) +
                                         "/token\",service=\"the service\",scope=\"repository:a/b:pull\"\r\n",
                                     "");
  }

  std::string token() {
    if (!token_answer.empty()) return token_answer;
    revoked = false;
    auto text = "token-" + std::to_string(++given);
    return scripted_server::response("200 OK", "", R"({"token":")" + text + R"(","expires_in":300})");
  }

  scripted_server server_;
};

} // namespace

TEST_CASE("an anonymous token is fetched once and used until it expires") {
  token_registry registry;
  registry_calls calls;
  REQUIRE(calls.resolve({registry.image(), {}}));
  auto requests = registry.requests();
  REQUIRE(requests.size() == 3);
  CHECK(requests[1].starts_with("GET /token?service=the%20service&scope=repository%3Aa%2Fb%3Apull "));
  CHECK_FALSE(contains(requests[1], "Authorization"));
  REQUIRE(calls.resolve({registry.image(), {}}));
  CHECK(registry.given == 1);
  CHECK(registry.requests().size() == 4);
}

TEST_CASE("a token is fetched anew when its time has passed") {
  token_registry registry;
  test_clock time;
  registry_calls calls({}, nullptr, time.clock());
  REQUIRE(calls.resolve({registry.image(), {}}));
  time.advance(std::chrono::seconds(294)); // of 300, less 5 for the way
  REQUIRE(calls.resolve({registry.image(), {}}));
  CHECK(registry.given == 1);
  time.advance(std::chrono::seconds(2));
  REQUIRE(calls.resolve({registry.image(), {}}));
  CHECK(registry.given == 2);
  CHECK(registry.count("HEAD /v2/a/b/") == 4); // the first one twice: it did not know what is wanted
}

TEST_CASE("a token service that moved is found again") {
  token_registry registry;
  scripted_server old([](const std::string&) { return scripted_server::response("200 OK", "", "{}"); });
  bool moved = false;
  scripted_server front([&](const std::string&) {
    const auto& realm = moved ? registry.domain() : old.domain();
    return scripted_server::response("401 Unauthorized",
                                     "WWW-Authenticate: Bearer realm=\"http://" + realm + "/token\"\r\n", "");
  });
  registry_calls calls;
  registry_lookup lookup{{front.domain(), "a/b", "v1", ""}, {}};
  CHECK_FALSE(calls.resolve(lookup)); // learns where the service is
  CHECK_FALSE(calls.resolve(lookup)); // fails there without asking the registry, forgets it
  CHECK(front.requests().size() == 1);
  moved = true;
  CHECK_FALSE(calls.resolve(lookup));
  CHECK(registry.given == 1);
}

TEST_CASE("the scope of a token is what is needed and what the registry names beside it") {
  CHECK(joined_scopes("repository:a:pull", "") == "repository:a:pull");
  CHECK(joined_scopes("", "repository:a:pull") == "repository:a:pull");
  CHECK(joined_scopes("repository:a:pull,push", "repository:a:pull") == "repository:a:pull,push");
  CHECK(joined_scopes("repository:a:pull", "repository:a:pull,push") ==
        "repository:a:pull repository:a:pull,push");
  CHECK(joined_scopes("repository:a:pull", "repository:b:pull  registry:catalog:*") ==
        "repository:a:pull repository:b:pull registry:catalog:*");
  CHECK(joined_scopes("repository:a:pull", "odd odd") == "repository:a:pull odd");
}

TEST_CASE("a cached token that the registry refuses is fetched anew once") {
  token_registry registry;
  registry_calls calls;
  REQUIRE(calls.resolve({registry.image(), {}}));
  registry.revoked = true;
  REQUIRE(calls.resolve({registry.image(), {}}));
  CHECK(registry.given == 2);
}

TEST_CASE("a fresh token that the registry refuses is the end") {
  token_registry registry;
  registry.token_answer = scripted_server::response("200 OK", "", R"({"access_token":"useless"})");
  registry_calls calls;
  auto found = calls.resolve({registry.image(), {}});
  REQUIRE_FALSE(found);
  CHECK(found.error().code == error_code::unauthenticated);
  CHECK(registry.requests().size() == 3);
}

TEST_CASE("callers with different credentials do not share tokens") {
  token_registry registry;
  registry_calls calls;
  registry_lookup lookup{registry.image(), {}};
  REQUIRE(calls.resolve(lookup));
  lookup.auth.additional[registry.domain()] = base64_encode("alice:pw");
  REQUIRE(calls.resolve(lookup));
  CHECK(registry.given == 2);
  bool basic = false;
  for (const auto& request : registry.requests())
    if (request.starts_with("GET /token"))
      basic = contains(request, "Authorization: Basic " + base64_encode("alice:pw") + "\r\n");
  CHECK(basic);
}

TEST_CASE("an identity token is exchanged by a post and a registry token is sent as it is") {
  token_registry registry;
  registry_credential identity;
  identity.identity_token = "refresh/me";
  registry_calls calls({}, std::make_shared<fixed_credential>(registry.domain(), identity));
  REQUIRE(calls.resolve({registry.image(), all_allowed()}));
  auto exchange = registry.requests().at(1);
  CHECK(exchange.starts_with("POST /token "));
  CHECK(contains(exchange, "grant_type=refresh_token"));
  CHECK(contains(exchange, "&refresh_token=refresh%2Fme"));
  CHECK(contains(exchange, "&scope=repository%3Aa%2Fb%3Apull"));

  registry_credential bearer;
  bearer.registry_token = "token-1";
  registry_calls direct({}, std::make_shared<fixed_credential>(registry.domain(), bearer));
  REQUIRE(direct.resolve({registry.image(), all_allowed()}));
  CHECK(registry.count("POST /token") == 1);
  CHECK(registry.count("GET /token") == 0);
}

TEST_CASE("a token service that fails says so in the error") {
  struct expectation {
    std::string answer;
    error_code code;
  };
  auto expected = GENERATE(values<expectation>({
      {scripted_server::response("401 Unauthorized", "", R"({"details":"wrong pw-secret-1"})"),
       error_code::unauthenticated},
      {scripted_server::response("429 Too Many", "Retry-After: 5\r\n", ""), error_code::too_many_requests},
      {scripted_server::response("500 Oops", "", "down"), error_code::unavailable},
      {scripted_server::response("200 OK", "", "{}"), error_code::data_corrupt},
      {scripted_server::response("200 OK", "", R"({"token":"a\r\nb"})"), error_code::data_corrupt},
      {scripted_server::response("200 OK", "", "nonsense"), error_code::data_corrupt},
  }));
  token_registry registry;
  registry.token_answer = expected.answer;
  registry_calls calls;
  registry_lookup lookup{registry.image(), {}};
  lookup.auth.additional[registry.domain()] = base64_encode("alice:pw-secret-1");
  auto found = calls.resolve(lookup);
  REQUIRE_FALSE(found);
  CHECK(found.error().code == expected.code);
  CHECK(contains(found.error().message, "token service " + registry.domain()));
  CHECK(contains(found.error().message, "cannot resolve image: " + registry.image().to_string()));
  CHECK_FALSE(contains(found.error().message, "pw-secret-1"));
}

TEST_CASE("a redirect's target gets no credentials even where it asks for them") {
  scripted_server thief([](const std::string&) {
    return scripted_server::response("401 Unauthorized", "WWW-Authenticate: Basic realm=\"x\"\r\n", "");
  });
  scripted_server registry([&](const std::string&) {
    return scripted_server::response("307 Moved", "Location: http://" + thief.domain() + "/v2/\r\n", "");
  });
  registry_calls calls;
  registry_lookup lookup{{registry.domain(), "a", "v1", ""}, {}};
  lookup.auth.additional[registry.domain()] = base64_encode("alice:pw");
  auto found = calls.resolve(lookup);
  REQUIRE_FALSE(found);
  CHECK(found.error().code == error_code::unauthenticated);
  for (const auto& request : thief.requests())
    CHECK_FALSE(contains(request, "Authorization"));
}

TEST_CASE("whoever fetches a token for all may go away, and the others get theirs all the same") {
  std::promise<void> asked;
  std::stop_source leader;
  std::atomic<int> fetches = 0;
  scripted_server registry([&](const std::string& request) {
    if (request.starts_with("GET /token")) {
      if (fetches++ > 0) return scripted_server::response("200 OK", "", R"({"token":"good"})");
      asked.set_value();
      return scripted_server::hang();
    }
    if (contains(request, "Bearer good")) return image_answer();
    return scripted_server::response(
        "401 Unauthorized", "WWW-Authenticate: Bearer realm=\"http://" + host_of(request) + "/token\"\r\n",
        "");
  });
  scripted_server other([](const std::string&) { return image_answer(); });
  registry_calls calls;
  registry_lookup lookup{{registry.domain(), "a", "v1", ""}, {}};
  lookup.asker = leader.get_token();
  auto abandoned = later(calls, lookup);
  asked.get_future().wait();
  lookup.asker = {};
  std::vector<std::future<result<found_image>>> waiting;
  for (int i = 0; i < 5; ++i)
    waiting.push_back(later(calls, lookup));
  // Its answer shows that those before it have come as far as the token.
  REQUIRE(calls.resolve({{other.domain(), "a", "v1", ""}, {}}));
  CHECK(fetches == 1);

  leader.request_stop();
  auto gone = abandoned.get();
  REQUIRE_FALSE(gone);
  CHECK(gone.error().code == error_code::cancelled);
  for (auto& answer : waiting)
    CHECK(answer.get());
  CHECK(fetches == 2);
}
