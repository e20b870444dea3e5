#include "actors/io/auth_challenge.hpp"

#include <catch2/catch.hpp>

using ib::io::parse_challenges;

TEST_CASE("a bearer challenge gives realm, service and scope") {
  auto challenges = parse_challenges(
      R"(Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push")");
  REQUIRE(challenges.size() == 1);
  CHECK(challenges[0].scheme == "bearer");
  CHECK(challenges[0].parameter("realm") == "https://auth.docker.io/token");
  CHECK(challenges[0].parameter("service") == "registry.docker.io");
  CHECK(challenges[0].parameter("scope") == "repository:a/b:pull,push");
  CHECK(challenges[0].parameter("missing").empty());
}

TEST_CASE("several challenges in one field are told apart") {
  auto challenges = parse_challenges(R"(Basic realm="x, y", BEARER Realm=plain , error="a\"b\\", Negotiate)");
  REQUIRE(challenges.size() == 3);
  CHECK(challenges[0].scheme == "basic");
  CHECK(challenges[0].parameter("realm") == "x, y");
  CHECK(challenges[1].scheme == "bearer");
  CHECK(challenges[1].parameter("realm") == "plain");
  CHECK(challenges[1].parameter("error") == R"(a"b\)");
  CHECK(challenges[2].scheme == "negotiate");
  CHECK(challenges[2].parameters.empty());
}

TEST_CASE("a broken challenge ends the list and keeps what came before") {
  CHECK(parse_challenges("").empty());
  CHECK(parse_challenges(" , ,").empty());
  CHECK(parse_challenges("\"quoted\"").empty());
  auto open = parse_challenges(R"(Basic realm="a", Bearer realm="never closed)");
  REQUIRE(open.size() == 2);
  CHECK(open[0].parameter("realm") == "a");
  CHECK(open[1].parameters.empty());
  auto escape = parse_challenges("Bearer realm=\"ends in \\");
  REQUIRE(escape.size() == 1);
  CHECK(escape[0].parameters.empty());
}
