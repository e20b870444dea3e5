#include "actors/domain/base64.hpp"
#include "actors/engine/wsman_frames.hpp"

#include <catch2/catch.hpp>

#include <random>

using namespace ib;

namespace {

std::vector<std::string> objects_of(object_splitter& splitter, const std::string& bytes) {
  std::vector<std::string> found;
  CHECK(splitter.feed(bytes, [&](const std::string& object) { found.push_back(object); }));
  return found;
}

std::string frame(const std::string& text) { return R"({"result":{"data":")" + base64_encode(text) + "\"}}"; }

} // namespace

TEST_CASE("a stream is cut into its objects, wherever it is cut itself") {
  const std::vector<std::string> objects{frame("hello\n"), R"({"result":{"title":"a } \" { b"}})",
                                         R"({"a":"\\"})", R"({"result":{"exitCode":1}})",
                                         R"({"deep":{"deeper":{"s":"{{{"}}})"};
  const std::vector<std::string> between{"", "\n", " \r\n\t", ",", "garbage", "]\n["};
  std::mt19937 random(7);
  for (int round = 0; round < 2000; ++round) {
    std::string stream;
    for (const auto& object : objects)
      stream += between[random() % between.size()] + object;
    object_splitter splitter;
    std::vector<std::string> found;
    for (size_t at = 0; at < stream.size();) {
      auto size = 1 + random() % 9;
      for (auto& object : objects_of(splitter, stream.substr(at, size)))
        found.push_back(std::move(object));
      at += size;
    }
    REQUIRE(found == objects);
    REQUIRE_FALSE(splitter.in_object());
  }
}

TEST_CASE("any bytes may come and nothing breaks") {
  std::mt19937 random(11);
  const std::string alphabet = "{}\"\\:[],a1\n\x01\xff";
  for (int round = 0; round < 5000; ++round) {
    std::string bytes;
    for (int i = 0; i < 60; ++i)
      bytes += alphabet[random() % alphabet.size()];
    object_splitter splitter;
    CHECK(splitter.feed(bytes, [](const std::string& object) {
      parse_terminal_frame(object);
      terminal_of_tasks(object);
    }));
  }
}

TEST_CASE("an object without end is an error, not a memory leak") {
  object_splitter splitter;
  std::string bytes = "{\"result\":{\"data\":\"" + std::string(object_splitter::max_object_bytes, 'A');
  auto fed = splitter.feed(bytes, [](const std::string&) { FAIL("no object ends here"); });
  REQUIRE_FALSE(fed);
  CHECK(fed.error().code == error_code::data_corrupt);
}

TEST_CASE("frames carry output, an exit, an error, or nothing of interest") {
  CHECK(parse_terminal_frame(frame("a\0b\xff")).data == "a");
  CHECK(parse_terminal_frame(frame(std::string("a\0b\xff", 4))).data == std::string("a\0b\xff", 4));
  CHECK(parse_terminal_frame(R"({"result":{"exitCode":3}})").exit == 3);
  auto failed = parse_terminal_frame(R"({"error":{"grpc_code":5,"message":"terminal not found"}})");
  REQUIRE(failed.failure);
  CHECK(failed.failure->message == "terminal not found");
  for (const char* object :
       {R"({"result":{"title":"bob"}})", R"({"result":{"data":"not base64!"}})", R"({"result":{"data":7}})",
        R"({"result":[1]})", R"({"other":1})", "{}", "{\"result\":}", R"({"result":{"exitCode":"1"}})"}) {
    CAPTURE(object);
    auto empty = parse_terminal_frame(object);
    CHECK(empty.data.empty());
    CHECK_FALSE(empty.exit);
    CHECK_FALSE(empty.failure);
  }
}

TEST_CASE("the first terminal that a task has is the build's") {
  CHECK(terminal_of_tasks(R"({"result":{"tasks":[{"id":"0","terminal":"t1"},{"terminal":"t2"}]}})") == "t1");
  CHECK(terminal_of_tasks(R"({"tasks":[{"id":"0","terminal":""},{"terminal":"t2"}]})") == "t2");
  for (const char* object : {R"({"result":{"tasks":[]}})", R"({"result":{"tasks":[{"terminal":""},{}]}})",
                             R"({"result":{}})", R"({"tasks":{}})", R"({"tasks":[1]})", "{}", "{x}"}) {
    CAPTURE(object);
    CHECK_FALSE(terminal_of_tasks(object));
  }
}
