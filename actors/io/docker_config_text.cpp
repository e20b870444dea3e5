#include "actors/io/docker_config.hpp"

#include <nlohmann/json.hpp>
#include <utility>

namespace ib::io {

namespace {

using nlohmann::json;

std::string member(const json& object, const char* name) {
  auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get_ref<const std::string&>() : std::string();
}

/// The domain a key of `auths` means.
std::string domain_of(std::string_view key) {
  if (auto scheme = key.find("://"); scheme != std::string_view::npos) key.remove_prefix(scheme + 3);
  key = key.substr(0, key.find('/'));
  if (key == "index.docker.io" || key == "registry-1.docker.io") key = "docker.io";
  return std::string(key);
}

registry_credential credential_of(const json& entry) {
  registry_credential credential;
  if (auto encoded = member(entry, "auth"); !encoded.empty())
    credential = auth_policy::decode_additional({}, encoded);
  if (auto user = member(entry, "username"); !user.empty()) {
    credential.username = user;
    credential.password = member(entry, "password");
    credential.opaque_auth.clear();
  }
  credential.identity_token = member(entry, "identitytoken");
  credential.registry_token = member(entry, "registrytoken");
  return credential;
}

error not_an_object(const std::string& what) {
  return {error_code::data_corrupt, what + " is not a JSON object"};
}

/// A member that is an object: null where there is none.
result<const json*> section(const json& config, const char* name) {
  auto found = config.find(name);
  if (found == config.end() || found->is_null()) return nullptr;
  if (!found->is_object()) return not_an_object("`" + std::string(name) + "`");
  return &*found;
}

/// A key that is the plain domain wins over one with scheme or path.
template <class Value>
void keep(std::map<std::string, Value>& entries, const std::string& key, Value value) {
  auto domain = domain_of(key);
  if (domain == key)
    entries.insert_or_assign(std::move(domain), std::move(value));
  else
    entries.try_emplace(std::move(domain), std::move(value));
}

result<void> read_auths(const json& config, docker_config& into) {
  auto auths = section(config, "auths");
  if (!auths) return auths.error();
  if (!*auths) return {};
  for (const auto& [key, entry] : (*auths)->items()) {
    if (!entry.is_object()) return not_an_object("`auths`: the entry of " + domain_of(key));
    keep(into.credentials, key, credential_of(entry));
  }
  return {};
}

/// The name of a helper; empty, as docker takes it, means none.
result<std::string> helper_name(const json& value, const std::string& where) {
  const auto* name = value.get_ptr<const std::string*>();
  if (!name || !(name->empty() || is_helper_name(*name)))
    return error{error_code::data_corrupt, where + " is not the name of a credential helper"};
  return *name;
}

result<void> read_helpers(const json& config, docker_config& into) {
  auto helpers = section(config, "credHelpers");
  if (!helpers) return helpers.error();
  if (*helpers) {
    for (const auto& [key, value] : (*helpers)->items()) {
      auto name = helper_name(value, "`credHelpers`: the entry of " + domain_of(key));
      if (!name) return name.error();
      keep(into.helpers, key, std::move(*name));
    }
  }
  auto store = config.find("credsStore");
  if (store == config.end() || store->is_null()) return {};
  auto name = helper_name(*store, "`credsStore`");
  if (!name) return name.error();
  into.store = std::move(*name);
  return {};
}

} // namespace

std::string docker_config::helper_for(const std::string& domain) const {
  auto own = helpers.find(domain);
  return own == helpers.end() ? store : own->second;
}

registry_credential docker_config::credential_for(const std::string& domain) const {
  auto found = credentials.find(domain);
  return found == credentials.end() ? registry_credential{} : found->second;
}

bool is_helper_name(std::string_view name) {
  constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyz0123456789._-";
  return !name.empty() && name.size() <= 200 && name.find_first_not_of(allowed) == std::string_view::npos;
}

result<docker_config> parse_docker_config(std::string_view text) {
  auto parsed = json::parse(text.begin(), text.end(), nullptr, false);
  if (!parsed.is_object()) return error{error_code::data_corrupt, "not a JSON object"};
  docker_config config;
  if (auto read = read_auths(parsed, config); !read) return read.error();
  if (auto read = read_helpers(parsed, config); !read) return read.error();
  return config;
}

} // namespace ib::io
