#pragma once

#include "actors/domain/auth_policy.hpp"
#include "actors/domain/result.hpp"

#include <filesystem>
#include <map>
#include <string>

namespace ib {

/// Writes credentials by registry domain as a Docker config file that only this user can read, for buildah
/// and skopeo.
result<void> write_auth_file(const std::filesystem::path& path,
                             const std::map<std::string, registry_credential>& credentials);

} // namespace ib
