// Answers hash_property_test.py: each line of standard input is a command and its fields in hex ("-" for an
// empty one), separated by blanks; each answer is one line.

#include "actors/domain/base64.hpp"
#include "actors/domain/image_hash.hpp"
#include "actors/domain/reference.hpp"
#include "actors/domain/sha256.hpp"

#include <functional>
#include <iostream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace {

using fields = std::vector<std::string>;

std::string from_hex(const std::string& hex) {
  std::string bytes;
  if (hex == "-") return bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  }
  return bytes;
}

std::string to_hex(const std::string& bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string hex;
  for (char c : bytes) {
    hex += digits[static_cast<unsigned char>(c) >> 4];
    hex += digits[static_cast<unsigned char>(c) & 15];
  }
  return hex.empty() ? "-" : hex;
}

/// The next field, empty where there is none.
std::string take(const fields& all, size_t& at) { return at < all.size() ? all[at++] : std::string(); }

ib::git_initializer read_git(const fields& all, size_t& at) {
  ib::git_initializer git;
  git.remote_uri = take(all, at);
  git.upstream_remote_uri = take(all, at);
  const auto mode = take(all, at);
  git.target_mode = static_cast<ib::clone_target_mode>(mode.empty() ? 0 : mode[0] - '0');
  git.clone_target = take(all, at);
  git.checkout_location = take(all, at);
  git.full_clone = take(all, at) == "1";
  for (auto count = std::stoul("0" + take(all, at)); count > 0; --count) {
    const auto key = take(all, at);
    git.config[key] = take(all, at);
  }
  git.auth = {ib::git_auth::kind::basic, take(all, at), "password of " + git.remote_uri, "https://once"};
  return git;
}

ib::initializer read_initializer(const fields& all, size_t& at);

ib::download_initializer read_download(const fields& all, size_t& at) {
  ib::download_initializer download;
  download.target_location = take(all, at);
  for (auto count = std::stoul("0" + take(all, at)); count > 0; --count) {
    ib::download_file file;
    file.url = take(all, at);
    file.file_path = take(all, at);
    file.digest = take(all, at);
    download.files.push_back(std::move(file));
  }
  return download;
}

ib::initializer read_initializer(const fields& all, size_t& at) {
  const auto kind = take(all, at);
  if (kind == "git") return {read_git(all, at)};
  if (kind == "download") return {read_download(all, at)};
  if (kind == "prebuild") {
    ib::prebuild_initializer prebuild;
    for (auto count = std::stoul("0" + take(all, at)); count > 0; --count) {
      prebuild.git.push_back(read_git(all, at));
    }
    return {std::move(prebuild)};
  }
  if (kind == "composite") {
    ib::composite_initializer composite;
    for (auto count = std::stoul("0" + take(all, at)); count > 0; --count) {
      composite.parts.push_back(read_initializer(all, at));
    }
    return {std::move(composite)};
  }
  return {ib::empty_initializer{}};
}

std::string base_hash(const fields& all) {
  size_t at = 0;
  ib::dockerfile_source source;
  source.dockerfile_version = take(all, at);
  source.dockerfile_path = take(all, at);
  source.context_path = take(all, at);
  source.source = read_initializer(all, at);
  return ib::base_hash(source);
}

std::string parse(const fields& all) {
  size_t at = 0;
  const auto ref = ib::parse_reference(take(all, at));
  return ref ? to_hex(ref->to_string()) : "error";
}

std::string decode(const fields& all) {
  size_t at = 0;
  const auto bytes = ib::base64_decode(take(all, at));
  return bytes ? to_hex(*bytes) : "error";
}

const std::map<std::string, std::function<std::string(const fields&)>> commands = {
    {"base", base_hash},
    {"workspace", [](const fields& all) { return ib::workspace_hash(all.at(0)); }},
    {"sha256", [](const fields& all) { return ib::sha256_hex(all.at(0)); }},
    {"encode", [](const fields& all) { return to_hex(ib::base64_encode(all.at(0))); }},
    {"decode", decode},
    {"reference", parse},
};

} // namespace

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string command;
    words >> command;
    fields all;
    for (std::string word; words >> word;)
      all.push_back(from_hex(word));
    const auto found = commands.find(command);
    std::cout << (found == commands.end() ? "unknown command" : found->second(all)) << '\n';
  }
  return 0;
}
