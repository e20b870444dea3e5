#include "actors/domain/base64.hpp"
#include "tests/io/registry_calls.hpp"
#include "tests/support/registry_process.hpp"
#include "tests/support/test_images.hpp"
#include "tests/support/token_service.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

using namespace ib;
using namespace ib::io;
using namespace ib::test;

// A real registry that trusts a token service with real signatures.

namespace {

/// A registry with the images public/app:v1 and private/app:v1.
struct guarded_registry {
  explicit guarded_registry(const std::string& token_delay_s = "0") : tokens(token_delay_s) {
    for (const std::string path : {"public/app", "private/app"}) {
      image_pusher pusher(registry.domain(), tokens.authorization_for("repository:" + path + ":pull,push"));
      digests.push_back(pusher.push_image(path, "v1", path, 1));
    }
    before = tokens.requests().size();
  }

  /// Token requests since the images were pushed.
  std::vector<std::string> requests() const {
    auto all = tokens.requests();
    return {all.begin() + static_cast<ptrdiff_t>(before), all.end()};
  }
  registry_lookup lookup(const std::string& path) const { return {registry.tagged(path, "v1"), {}}; }
  registry_lookup lookup_of_alice(const std::string& path) const {
    auto asked = lookup(path);
    asked.auth.additional[registry.domain()] = base64_encode("alice:right-password");
    return asked;
  }

  token_service tokens;
  registry_process registry{registry_process::setup{"127.0.0.1", tokens.registry_config(), {}, {}}};
  std::vector<std::string> digests;
  size_t before = 0;
};

const std::string pull_public = "service=the tests scope=repository:public/app:pull";
const std::string pull_private = "service=the tests scope=repository:private/app:pull";

} // namespace

TEST_CASE("an anonymous token opens what everybody may pull and nothing else") {
  guarded_registry guarded;
  registry_calls calls;
  auto open = calls.resolve(guarded.lookup("public/app"));
  REQUIRE(open);
  CHECK(open->ref.digest == guarded.digests[0]);
  auto closed = calls.resolve(guarded.lookup("private/app"));
  REQUIRE_FALSE(closed);
  CHECK(closed.error().code == error_code::unauthenticated);
  CHECK(guarded.requests() ==
        std::vector<std::string>{"GET user= " + pull_public, "GET user= " + pull_private});
}

TEST_CASE("user and password are exchanged for a token by a get") {
  guarded_registry guarded;
  registry_calls calls;
  auto found = calls.resolve(guarded.lookup_of_alice("private/app"));
  REQUIRE(found);
  CHECK(found->ref.digest == guarded.digests[1]);
  CHECK(guarded.requests() == std::vector<std::string>{"GET user=alice " + pull_private});

  auto wrong = guarded.lookup("private/app");
  wrong.auth.additional[guarded.registry.domain()] = base64_encode("alice:wrong-password");
  auto refused = calls.resolve(wrong);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == error_code::unauthenticated);
  CHECK(contains(refused.error().message, "incorrect username or password"));
  CHECK_FALSE(contains(refused.error().message, "wrong-password"));
}

TEST_CASE("an identity token is exchanged for a token by an OAuth2 post") {
  guarded_registry guarded;
  registry_credential identity;
  identity.identity_token = "identity-of-alice";
  auto lookup = guarded.lookup("private/app");
  lookup.auth = all_allowed();
  registry_calls calls({}, std::make_shared<fixed_credential>(guarded.registry.domain(), identity));
  auto found = calls.resolve(lookup);
  REQUIRE(found);
  CHECK(guarded.requests() == std::vector<std::string>{"POST user=alice " + pull_private});

  identity.identity_token = "identity-of-nobody";
  registry_calls stranger({}, std::make_shared<fixed_credential>(guarded.registry.domain(), identity));
  auto refused = stranger.resolve(lookup);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == error_code::unauthenticated);
  CHECK(contains(refused.error().message, "invalid_grant"));
  CHECK_FALSE(contains(refused.error().message, "identity-of-nobody"));
}

TEST_CASE("a registry token is sent as it is and never exchanged") {
  guarded_registry guarded;
  registry_credential bearer;
  bearer.registry_token =
      guarded.tokens.authorization_for("repository:private/app:pull").substr(std::string("Bearer ").size());
  auto lookup = guarded.lookup("private/app");
  lookup.auth = all_allowed();
  registry_calls calls({}, std::make_shared<fixed_credential>(guarded.registry.domain(), bearer));
  REQUIRE(calls.resolve(lookup));
  bearer.registry_token = "of.another.registry";
  registry_calls stranger({}, std::make_shared<fixed_credential>(guarded.registry.domain(), bearer));
  auto refused = stranger.resolve(lookup);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == error_code::unauthenticated);
  CHECK(guarded.requests().size() == 1); // the test's own
}

TEST_CASE("each scope has a token of its own and each is fetched once") {
  guarded_registry guarded;
  registry_calls calls;
  for (int round = 0; round < 3; ++round)
    for (const std::string path : {"public/app", "private/app"})
      REQUIRE(calls.resolve(guarded.lookup_of_alice(path)));
  CHECK(guarded.requests() ==
        std::vector<std::string>{"GET user=alice " + pull_public, "GET user=alice " + pull_private});
}

TEST_CASE("simultaneous first requests share one token") {
  guarded_registry guarded("0.2");
  registry_calls calls;
  constexpr int count = 24;
  std::vector<std::future<bool>> answers;
  for (int i = 0; i < count; ++i) {
    auto promise = std::make_shared<std::promise<bool>>();
    answers.push_back(promise->get_future());
    calls.client()->resolve(
        guarded.lookup_of_alice("private/app"),
        [promise](const result<found_image>& found) { promise->set_value(found.has_value()); });
  }
  CHECK(std::all_of(answers.begin(), answers.end(), [](auto& answer) { return answer.get(); }));
  CHECK(guarded.requests().size() == 1);
}

TEST_CASE("a publication asks for one token for all that it writes") {
  guarded_registry guarded;
  registry_credential alice;
  alice.username = "alice";
  alice.password = "right-password";
  registry_calls calls({}, std::make_shared<fixed_credential>(guarded.registry.domain(), alice));
  publish_order order{guarded.registry.tagged("private/app", "v1"),
                      guarded.registry.tagged("workspace", "w"),
                      {},
                      registry_purpose::own_image};
  auto published = calls.publish(order);
  REQUIRE(published);
  CHECK(published->digest == guarded.digests[1]);
  CHECK(published->blobs_mounted == 2);
  CHECK(guarded.requests() ==
        std::vector<std::string>{"GET user=alice " + pull_private,
                                 "GET user=alice service=the tests scope=repository:workspace:pull,push "
                                 "repository:private/app:pull"});
}
