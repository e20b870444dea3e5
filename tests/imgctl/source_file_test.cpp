#include "tools/imgctl/docker_config.hpp"
#include "tools/imgctl/source_file.hpp"

#include <catch2/catch.hpp>

using namespace ib::imgctl;

namespace {

std::string complaint(const std::string& json) {
  const auto request = parse_source(json);
  REQUIRE_FALSE(request);
  CHECK(request.why().code == exit_code::usage);
  return request.why().message;
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

} // namespace

TEST_CASE("a BuildSource is read in protojson with either spelling of the names") {
  const auto camel = parse_source(R"({"file":{"dockerfilePath":"D","source":{"git":{"remoteUri":"u",
                                      "targetMode":"REMOTE_BRANCH","cloneTaget":"b"}}}})");
  const auto snake = parse_source(R"({"file":{"dockerfile_path":"D","source":{"git":{"remote_uri":"u",
                                      "target_mode":2,"clone_taget":"b"}}}})");
  REQUIRE(camel);
  REQUIRE(snake);
  CHECK(camel->source().file().source().git().target_mode() == contentservice::REMOTE_BRANCH);
  CHECK(camel->SerializeAsString() == snake->SerializeAsString());
}

TEST_CASE("a whole BuildRequest is read as well") {
  const auto request = parse_source(R"({"source":{"ref":{"ref":"a"}},"auth":{"additional":{"d":"x"}},
                                        "useRetryClient":true})");
  REQUIRE(request);
  CHECK(request->source().ref().ref() == "a");
  CHECK(request->auth().additional().at("d") == "x");
  CHECK(request->use_retry_client());
}

TEST_CASE("every wrong field of a source is named with its path") {
  const auto said = complaint(R"({"file":{"dockerfilePath":3,"source":{"composite":{"initializer":[
      {"git":{"remoteUri":"u"}},{"git":{"targetMode":"SIDEWAYS","colour":1}}]}}},"extra":true})");
  CHECK(has(said, "file.dockerfilePath: wants a string"));
  CHECK(has(said, "file.source.composite.initializer[1].git.targetMode: wants one of REMOTE_HEAD"));
  CHECK(has(said, "file.source.composite.initializer[1].git.colour: unknown"));
  CHECK(has(said, "extra: unknown; known are ref, file"));
}

TEST_CASE("complaints about a source quote no value") {
  CHECK_FALSE(
      has(complaint(R"({"file":{"source":{"git":{"config":{"authPassword":["s3cret"]}}}}})"), "s3cret"));
  CHECK_FALSE(has(complaint(R"({"ref":{"ref":"s3cret"},"file":{}})"), "s3cret"));
}

TEST_CASE("what is neither a source nor a request is refused") {
  CHECK(has(complaint("{}"), "neither"));
  CHECK(has(complaint("[]"), "not a JSON object"));
  CHECK(has(complaint("{"), "not a JSON object"));
  CHECK(has(complaint(R"({"ref":"alpine"})"), "ref: wants an object"));
}

TEST_CASE("nesting without end is refused") {
  std::string deep = R"({"file":{"source":)";
  for (int i = 0; i < 500; ++i)
    deep += R"({"composite":{"initializer":[)";
  for (int i = 0; i < 500; ++i)
    deep += "]}}";
  CHECK(has(complaint(deep + "}}"), "nested too deeply"));
}

TEST_CASE("base64 pads every length") {
  CHECK(base64("") == "");
  CHECK(base64("f") == "Zg==");
  CHECK(base64("fo") == "Zm8=");
  CHECK(base64("foo") == "Zm9v");
  CHECK(base64("\xff\xfe\xfd") == "//79");
}

TEST_CASE("a Docker configuration yields one entry per registry domain") {
  const auto auths = parse_docker_config(R"({"auths":{"https://index.docker.io/v1/":{"auth":"aDpk"},
      "reg:5000":{"username":"u","password":"p"},"helper.io":{},"token.io":{"identitytoken":"t"}}})");
  REQUIRE(auths);
  CHECK(*auths == std::map<std::string, std::string>{{"docker.io", "aDpk"}, {"reg:5000", base64("u:p")}});
}

TEST_CASE("a Docker configuration without usable credentials is wrong usage") {
  for (const char* text : {"", "[]", "{}", R"({"auths":[]})", R"({"auths":{"a":{}},"credsStore":"x"})"}) {
    const auto auths = parse_docker_config(text);
    REQUIRE_FALSE(auths);
    CHECK(auths.why().code == exit_code::usage);
  }
}
