#include "actors/domain/rare.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace ib;

TEST_CASE("what is not there takes no more than a pointer") {
  rare<std::string> none;
  CHECK_FALSE(none.has_value());
  CHECK(sizeof none == sizeof(void*));
}

TEST_CASE("copies have a value of their own") {
  rare<std::string> one = std::string("value");
  auto other = one;
  other->append("s");
  CHECK(*one == "value");
  CHECK(*other == "values");
  one = other;
  CHECK(one == other);
  one = {};
  CHECK_FALSE(one);
  CHECK_FALSE(one == other);
  CHECK(one == rare<std::string>());
}

TEST_CASE("a value that is moved out is gone") {
  rare<std::string> one = std::string("value");
  auto other = std::move(one);
  CHECK(*other == "value");
  other.reset();
  CHECK_FALSE(other.has_value());
}
