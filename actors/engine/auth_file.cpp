#include "actors/engine/auth_file.hpp"

#include "actors/domain/base64.hpp"

#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

namespace ib {

namespace {

nlohmann::json entry_of(const registry_credential& credential) {
  auto entry = nlohmann::json::object();
  if (!credential.username.empty() || !credential.password.empty())
    entry["auth"] = base64_encode(credential.username + ":" + credential.password);
  else if (!credential.opaque_auth.empty())
    entry["auth"] = credential.opaque_auth;
  // The tools overlook an identity token that stands beside no user.
  else if (!credential.identity_token.empty())
    entry["auth"] = base64_encode("<token>:");
  if (!credential.identity_token.empty()) entry["identitytoken"] = credential.identity_token;
  if (!credential.registry_token.empty()) entry["registrytoken"] = credential.registry_token;
  return entry;
}

} // namespace

result<void> write_auth_file(const std::filesystem::path& path,
                             const std::map<std::string, registry_credential>& credentials) {
  nlohmann::json file{{"auths", nlohmann::json::object()}};
  for (const auto& [domain, credential] : credentials)
    if (!credential.empty()) file["auths"][domain] = entry_of(credential);
  auto text = file.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
  int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return error{error_code::internal, "cannot create " + path.string(), "", {}};
  bool whole = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  ::close(fd);
  if (!whole) return error{error_code::internal, "cannot write " + path.string(), "", {}};
  return {};
}

} // namespace ib
