#include "actors/io/task.hpp"

#include "actors/io/http_await.hpp"
#include "tests/support/http_calls.hpp"

#include <catch2/catch.hpp>
#include <stdexcept>
#include <string>

using namespace ib;
using namespace ib::io;

namespace {

task<result<std::string>> greet(std::string name) { co_return "hello " + name; }

task<result<std::string>> greet_all(std::vector<std::string> names) {
  std::string text;
  for (const auto& name : names) {
    auto greeting = greet(name);
    auto words = co_await greeting;
    text += *words + ";";
  }
  co_return text;
}

task<result<std::string>> throwing(std::string what) {
  if (!what.empty()) throw std::runtime_error(what);
  co_return what;
}

task<result<std::string>> passes_on(std::string what) {
  auto inner = throwing(what);
  auto value = co_await inner;
  co_return value;
}

task<result<int>> read(std::shared_ptr<int> value) { co_return *value; }

task<result<std::string>> reads_and_goes_on(std::shared_ptr<int> value) {
  std::weak_ptr<int> watched = value;
  auto reading = read(std::move(value));
  auto number = co_await reading;
  co_return std::to_string(*number) + (watched.expired() ? ", gone" : ", held");
}

task<result<int>> after_delay(std::shared_ptr<http_client> client, int value, int milliseconds) {
  http_delay delay(*client, std::chrono::milliseconds(milliseconds));
  auto waited = co_await delay;
  if (!waited) co_return waited.error();
  co_return value;
}

task<result<std::string>> gathered(std::shared_ptr<http_client> client) {
  std::vector<task<result<int>>> parts;
  parts.push_back(after_delay(client, 1, 30));
  parts.push_back(after_delay(client, 2, 0));
  parts.push_back(after_delay(client, 3, 10));
  gather<int> all(std::move(parts));
  auto values = co_await all;
  std::string text;
  for (const auto& value : values)
    text += std::to_string(*value);
  co_return text;
}

std::string outcome(task<result<std::string>> work) {
  std::string text = "never called";
  start<std::string>(std::move(work), [&](const result<std::string>& value) {
    text = value ? *value : std::string(to_string(value.error().code)) + ": " + value.error().message;
  });
  return text;
}

} // namespace

TEST_CASE("tasks await tasks and give their results") {
  CHECK(outcome(greet_all({"a name that is too long for a small string", "b"})) ==
        "hello a name that is too long for a small string;hello b;");
}

TEST_CASE("an exception in a task becomes an internal error") {
  CHECK(outcome(passes_on("broken")) == "internal: broken");
  CHECK(outcome(passes_on("")).empty());
}

TEST_CASE("a task that is never started frees what it holds") {
  auto held = std::make_shared<int>(1);
  std::weak_ptr<int> watched = held;
  {
    auto work = [](std::shared_ptr<int> value) -> task<result<int>> { co_return *value; }(std::move(held));
    CHECK_FALSE(watched.expired());
  }
  CHECK(watched.expired());
}

TEST_CASE("what a task held is gone once it was awaited") {
  CHECK(outcome(reads_and_goes_on(std::make_shared<int>(7))) == "7, gone");
}

TEST_CASE("gathered tasks give their results in the order of the tasks") {
  auto client = std::make_shared<http_client>();
  auto text = test::answer_of<std::string>([&](auto done) {
    client->post([client, done](bool alive) {
      if (alive) start<std::string>(gathered(client), done);
    });
  });
  REQUIRE(text);
  CHECK(*text == "123");
  client->stop();
}

TEST_CASE("gathering nothing ends at once") {
  auto none = []() -> task<result<std::string>> {
    gather<int> all({});
    auto values = co_await all;
    co_return std::to_string(values.size());
  };
  CHECK(outcome(none()) == "0");
}
