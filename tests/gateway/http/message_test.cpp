#include "gateway/http/message.hpp"
#include "gateway/http/router.hpp"
#include "gateway/http/secret.hpp"

#include <catch2/catch.hpp>

using namespace ib::http;

namespace {

using path = std::vector<std::string>;

/// Keeps the answer instead of sending it.
class kept_reply final : public reply {
public:
  void answer(response whole) override { kept = std::move(whole); }
  void stream(response head, std::unique_ptr<body_source>) override { kept = std::move(head); }
  response kept;
};

response routed(const router& routes, const std::string& method, const std::string& target) {
  request asked;
  asked.method = method;
  REQUIRE(read_target(target, asked));
  auto to = std::make_shared<kept_reply>();
  routes.route(asked, to);
  return to->kept;
}

router example() {
  router routes;
  routes.get("/", [](const auto&, const auto& to) { to->answer(plain(200, "top")); });
  routes.get("/a/{id}/b", [](const auto& asked, const auto& to) {
    to->answer(plain(200, "b of " + asked.parts.find("id")->second));
  });
  routes.on("POST", "/a/{id}/b", [](const auto&, const auto& to) { to->answer(plain(200, "posted")); });
  routes.on("POST", "/c", [](const auto&, const auto& to) { to->answer(plain(200, "posted")); });
  return routes;
}

} // namespace

TEST_CASE("a target is split before it is decoded") {
  request asked;
  REQUIRE(read_target("/a/b%2Fc//d%20e?x=1&y=%26+z&x=2&empty&=none#f", asked));
  CHECK(asked.path == path{"a", "b/c", "", "d e"});
  CHECK(asked.query.at("x") == "2");
  CHECK(asked.query.at("y") == "& z");
  CHECK(asked.query.at("empty").empty());
  CHECK(asked.query.size() == 3);
}

TEST_CASE("the absolute form of a target names the same path") {
  request asked;
  REQUIRE(read_target("http://host:1/a/b?c=d", asked));
  CHECK(asked.path == path{"a", "b"});
  request bare;
  REQUIRE(read_target("http://host", bare));
  CHECK(bare.path.empty());
}

TEST_CASE("what is no path is refused") {
  for (const std::string target :
       {"", "*", "a/b", "host:80", "/%", "/%4", "/%zz", "/%00", "/a%0ab", "/?a=%f"}) {
    CAPTURE(target);
    request asked;
    CHECK_FALSE(read_target(target, asked));
  }
}

TEST_CASE("a header is found whatever its case") {
  request asked;
  asked.headers = {{"X-One", "1"}, {"x-one", "2"}};
  REQUIRE(asked.header("x-ONE") != nullptr);
  CHECK(*asked.header("x-ONE") == "1");
  CHECK(asked.header("x-on") == nullptr);
}

TEST_CASE("a route is found by its path and its method") {
  auto routes = example();
  CHECK(routed(routes, "GET", "/").body == "top\n");
  CHECK(routed(routes, "GET", "/a/7%2F8/b").body == "b of 7/8\n");
  CHECK(routed(routes, "HEAD", "/a/7/b").status == 200);
  CHECK(routed(routes, "POST", "/a/7/b").body == "posted\n");
  for (const std::string target : {"/a", "/a/7", "/a/7/b/", "/a/7/b/c", "//", "/A/7/b"})
    CHECK(routed(routes, "GET", target).status == 404);
}

TEST_CASE("a known path names the methods that it takes") {
  auto both = routed(example(), "DELETE", "/a/7/b");
  CHECK(both.status == 405);
  CHECK(both.headers == fields{{"Allow", "GET, HEAD, POST"}});
  auto post = routed(example(), "GET", "/c");
  CHECK(post.status == 405);
  CHECK(post.headers == fields{{"Allow", "POST"}});
}

TEST_CASE("secrets are the same only where every byte is") {
  CHECK(same_secret("abc", "abc"));
  for (const std::string given : {"", "ab", "abcd", "abd", "ABC"})
    CHECK_FALSE(same_secret(given, "abc"));
  CHECK_FALSE(same_secret("", ""));
  std::string with_zero("a\0b", 3);
  CHECK(same_secret(with_zero, with_zero));
  CHECK_FALSE(same_secret("a", with_zero));
}

TEST_CASE("a bearer token is taken from its header alone") {
  request asked;
  CHECK_FALSE(bears(asked, "t0ken"));
  for (const std::string value :
       {"t0ken", "Basic t0ken", "Bearer", "Bearer ", "Bearer t0ke", "Bearer t0ken "}) {
    asked.headers = {{"Authorization", value}};
    CHECK_FALSE(bears(asked, "t0ken"));
  }
  asked.headers = {{"authorization", "Bearer t0ken"}};
  CHECK(bears(asked, "t0ken"));
  CHECK_FALSE(bears(asked, ""));
}
