#include "tests/bench/parts/log_text.hpp"

#include <array>

namespace ib::bench {

namespace {

const std::array words{"lib",          "python3", "amd64",    "deb12u1",  "http",    "registry",
                       "node_modules", "@types",  "compiler", "warning",  "error",   "test",
                       "core",         "utils",   "index.js", "src/main", "install", "resolved",
                       "cache",        "layer",   "commit",   "workspace"};

std::string word(seeded& numbers) { return words[numbers.below(words.size())]; }

std::string digits(seeded& numbers, uint64_t limit) { return std::to_string(numbers.below(limit)); }

std::string hex(seeded& numbers, size_t length) {
  std::string text;
  while (text.size() < length)
    text += "0123456789abcdef"[numbers.below(16)];
  return text;
}

std::string line(seeded& n) {
  switch (n.below(6)) {
  case 0:
    return "Get:" + digits(n, 900) + " http://deb.debian.org/debian bookworm/main amd64 " + word(n) + "-" +
           word(n) + " amd64 " + digits(n, 9) + "." + digits(n, 99) + "-" + digits(n, 9) + " [" +
           digits(n, 9000) + " kB]\n";
  case 1:
    return "Setting up " + word(n) + "-" + word(n) + ":amd64 (" + digits(n, 20) + "." + digits(n, 20) +
           "+dfsg-" + digits(n, 9) + "+deb12u" + digits(n, 5) + ") ...\n";
  case 2:
    return "/workspace/" + word(n) + "/" + word(n) + "/" + word(n) + ".cpp:" + digits(n, 2000) + ":" +
           digits(n, 100) + ": warning: unused parameter '" + word(n) + "' [-Wunused-parameter]\n";
  case 3:
    return "npm http fetch GET 200 https://registry.npmjs.org/" + word(n) + "/-/" + word(n) + "-" +
           digits(n, 9) + "." + digits(n, 30) + "." + digits(n, 30) + ".tgz " + digits(n, 900) +
           "ms (cache miss)\n";
  case 4:
    return "#" + digits(n, 30) + " " + digits(n, 100) + "." + digits(n, 999) + "    at " + word(n) +
           ".<anonymous> (/app/node_modules/" + word(n) + "/lib/" + word(n) + ".js:" + digits(n, 900) + ")\n";
  default:
    return "sha256:" + hex(n, 64) + " " + std::string(n.below(40), '=') + "> " + digits(n, 100) + "%\n";
  }
}

} // namespace

std::string log_text(size_t bytes, uint64_t seed) {
  seeded numbers(seed);
  std::string text;
  text.reserve(bytes + 256);
  while (text.size() < bytes)
    text += line(numbers);
  return text;
}

std::vector<std::string> secrets(size_t count, uint64_t seed) {
  static constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_.~!";
  seeded numbers(seed);
  std::vector<std::string> made;
  for (size_t i = 0; i < count; ++i) {
    std::string text = i % 5 == 0 ? "ghp_" : i % 5 == 1 ? "Basic " : "";
    const auto length = 12 + numbers.below(60);
    while (text.size() < length)
      text += alphabet[numbers.below(alphabet.size())];
    made.push_back(std::move(text));
  }
  return made;
}

std::string with_secrets(const std::string& text, const std::vector<std::string>& secrets, size_t every) {
  std::string mixed;
  size_t next = 0;
  for (size_t at = 0; at < text.size(); at += every) {
    mixed += text.substr(at, every);
    mixed += secrets[next++ % secrets.size()];
  }
  return mixed;
}

} // namespace ib::bench
