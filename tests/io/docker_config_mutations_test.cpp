#include "actors/io/docker_config.hpp"

#include <catch2/catch.hpp>

#include <random>

using namespace ib;
using namespace ib::io;

namespace {

const std::string whole = R"({"auths":{"a.io":{"auth":"dTpzM2NyZXQ="},"https://index.docker.io/v1/":{
  "username":"u","password":"s3cret"},"b.io:5000":{"auth":"MDA6","identitytoken":"s3cret"},
  "c.io":{"registrytoken":"s3cret"}},"credHelpers":{"d.io":"ecr-login"},"credsStore":"pass","x":[1,{"y":null}]})";

/// Words that a config file is made of: put together in any order they reach further than random bytes.
const std::vector<std::string> words{"{",
                                     "}",
                                     "[",
                                     "]",
                                     ":",
                                     ",",
                                     "\"",
                                     "\\",
                                     "null",
                                     "true",
                                     "-1e999",
                                     "\"auths\":",
                                     "\"credHelpers\":",
                                     "\"credsStore\":",
                                     "\"auth\":",
                                     "\"a.io\"",
                                     "\"\"",
                                     "\"https://\"",
                                     "\"://\"",
                                     "\"../x\"",
                                     "\\u0000",
                                     "\xff\xfe",
                                     std::string(1, '\0')};

class mutator {
public:
  explicit mutator(unsigned seed) : random_(seed) {}

  std::string mutate(std::string text) {
    for (auto left = below(8) + 1; left > 0; --left)
      change(text);
    return text;
  }

private:
  size_t below(size_t limit) { return std::uniform_int_distribution<size_t>(0, limit - 1)(random_); }

  void change(std::string& text) {
    auto at = below(text.size() + 1);
    switch (below(5)) {
    case 0:
      text.erase(at, below(20));
      break;
    case 1:
      text.insert(at, words[below(words.size())]);
      break;
    case 2:
      text.insert(at, text.substr(below(text.size() + 1), below(60)));
      break;
    case 3:
      text.resize(at);
      break;
    default:
      if (at < text.size()) text[at] = static_cast<char>(below(256));
    }
  }

  std::mt19937 random_;
};

} // namespace

TEST_CASE("a randomly damaged Docker config file is read or refused and no error shows a value") {
  const auto intact = parse_docker_config(whole);
  REQUIRE(intact);
  REQUIRE(intact->credentials.size() == 4);
  size_t read = 0;
  size_t refused = 0;
  for (unsigned seed = 1; seed <= 20'000; ++seed) {
    auto text = mutator(seed).mutate(whole);
    auto parsed = parse_docker_config(text);
    if (!parsed) {
      ++refused;
      if (parsed.error().code == error_code::data_corrupt &&
          parsed.error().message.find("s3cret") == std::string::npos)
        continue;
      FAIL("seed " << seed << ": " << parsed.error().message);
    }
    ++read;
    for (const auto& [domain, name] : parsed->helpers)
      if (!name.empty() && !is_helper_name(name)) FAIL("seed " << seed << ": helper of " << domain);
    if (!parsed->store.empty() && !is_helper_name(parsed->store)) FAIL("seed " << seed << ": store");
  }
  // Both ways are taken: the mutations neither leave the file alone nor only destroy it.
  CHECK(read > 500);
  CHECK(refused > 5'000);
}

TEST_CASE("a Docker config file of brackets alone is refused") {
  auto opening = GENERATE(as<std::string>{}, "[", "{\"a\":", "{\"auths\":");
  std::string text;
  for (int i = 0; i < 200'000; ++i)
    text += opening;
  CHECK_FALSE(parse_docker_config(text));
}
