#include "actors/engine/dockerfile_images.hpp"

#include <catch2/catch.hpp>

using namespace ib;

namespace {

std::vector<std::string> names(std::string_view dockerfile) {
  std::vector<std::string> found;
  for (const auto& image : dockerfile_images(dockerfile))
    found.push_back(image.to_string());
  return found;
}

using list = std::vector<std::string>;

} // namespace

TEST_CASE("the images of a Dockerfile are what it builds upon and copies from") {
  CHECK(names("FROM alpine\n") == list{"docker.io/library/alpine:latest"});
  CHECK(names("from r.example/a:1\nRUN true\n") == list{"r.example/a:1"});
  CHECK(names("FROM --platform=linux/arm64 r.example/a:1 AS x\n") == list{"r.example/a:1"});
  CHECK(names("FROM r.example/a:1\nCOPY --chown=1 --from=s.example/b:2 /x /y\n") ==
        list{"r.example/a:1", "s.example/b:2"});
  CHECK(names("FROM scratch\nRUN --mount=type=bind,from=s.example/b,target=/x true\n") ==
        list{"s.example/b:latest"});
  CHECK(names("") == list{});
  CHECK(names("FROM\nFROM A B C D\nRUN\nCOPY --from=\n") == list{});
  CHECK(names("FROM r.example/a:1") == list{"r.example/a:1"});
}

TEST_CASE("stages, scratch and what a command only mentions are no images of a Dockerfile") {
  CHECK(names("FROM scratch\n") == list{});
  CHECK(names("FROM r.example/a AS Base\nFROM base\nCOPY --from=BASE /x /\nCOPY --from=0 /x /\n") ==
        list{"r.example/a:latest"});
  CHECK(
      names("FROM scratch\nRUN echo --from=s.example/b --mount=,from=s.example/c\nCOPY from s.example/d\n") ==
      list{});
  CHECK(names("# FROM r.example/a\n  # FROM r.example/b\nFROM scratch\n") == list{});
}

TEST_CASE("one image stands for each registry of a Dockerfile") {
  CHECK(names("FROM r.example/a AS a\nFROM r.example/b AS b\nFROM s.example/c\n") ==
        list{"r.example/a:latest", "s.example/c:latest"});
  std::string many;
  for (int i = 0; i < 100; ++i)
    many += "FROM r" + std::to_string(i) + ".example/a\n";
  CHECK(names(many).size() == 16);
}

TEST_CASE("continued lines and comments between them are one instruction") {
  CHECK(names("FROM \\\n# a comment\n\n  r.example/a\\\n:1\r\n") == list{"r.example/a:1"});
  CHECK(names("FROM --platform=linux/amd64 \\\n  # a comment\n\n  r.example/a:1 \\ \n AS x\r\n") ==
        list{"r.example/a:1"});
  CHECK(names("# escape=`\nFROM `\n r.example/a\n") == list{"r.example/a:latest"});
  CHECK(names("RUN echo \\\nFROM r.example/a\n") == list{});
}

TEST_CASE("the arguments of a Dockerfile fill in the names of its images") {
  CHECK(names("ARG R=r.example TAG=\"1.2\"\nFROM $R/a:${TAG}\n") == list{"r.example/a:1.2"});
  CHECK(names("ARG R=r.example\nARG I=${R}/a\nFROM ${I:-x}:${T:-3}\n") == list{"r.example/a:3"});
  CHECK(names("ARG E=\nFROM ${E:-r.example}/a\n") == list{"r.example/a:latest"});
  CHECK(names("ARG T\nFROM r.example/a:$T\nFROM r.example/${BUILDPLATFORM}\nFROM s.example/${x\n") == list{});
  CHECK(names("FROM scratch\nARG R=r.example\nFROM $R/a\n") == list{});
  std::string doubling = "ARG A0=aaaaaaaaaa\n";
  for (int i = 0; i < 100; ++i) {
    const auto before = "$A" + std::to_string(i);
    doubling += "ARG A" + std::to_string(i + 1) + "=" + before + before + "\n";
  }
  CHECK(names(doubling + "FROM r.example/$A3\nFROM s.example/$A100\n") ==
        list{"r.example/" + std::string(80, 'a') + ":latest"});
}
