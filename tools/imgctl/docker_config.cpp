#include "tools/imgctl/docker_config.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdint>

namespace ib::imgctl {
namespace {

using nlohmann::json;

std::string domain_of(std::string key) {
  if (const auto scheme = key.find("://"); scheme != std::string::npos) {
    key.erase(0, scheme + 3);
    key.erase(std::min(key.find('/'), key.size()));
  }
  return key == "index.docker.io" ? "docker.io" : key;
}

std::string text(const json& entry, const char* key) {
  const auto found = entry.find(key);
  return found != entry.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::string auth_of(const json& entry) {
  if (!entry.is_object()) return "";
  if (auto auth = text(entry, "auth"); !auth.empty()) return auth;
  const auto user = text(entry, "username");
  return user.empty() ? "" : base64(user + ":" + text(entry, "password"));
}

} // namespace

outcome<std::map<std::string, std::string>> parse_docker_config(const std::string& content) {
  const auto config = json::parse(content, nullptr, false);
  if (config.is_discarded() || !config.is_object()) return usage_error("not a JSON object");
  const auto auths = config.find("auths");
  if (auths != config.end() && !auths->is_object()) return usage_error("auths: not an object");
  std::map<std::string, std::string> found;
  if (auths != config.end())
    for (const auto& [key, entry] : auths->items())
      if (auto auth = auth_of(entry); !auth.empty()) found[domain_of(key)] = std::move(auth);
  if (found.empty())
    return usage_error("no entry of auths has a user and password (credential helpers are not asked)");
  return found;
}

std::string base64(std::string_view bytes) {
  static constexpr char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t group = 0;
    for (size_t k = 0; k < 3; ++k)
      group = group << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0);
    for (size_t k = 0; k < 4; ++k)
      out += i + k <= bytes.size() ? digits[group >> (18 - 6 * k) & 63] : '=';
  }
  return out;
}

} // namespace ib::imgctl
