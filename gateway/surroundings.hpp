#pragma once

#include "actors/domain/result.hpp"
#include "actors/io/credential_source.hpp"
#include "config/settings.hpp"

#include <filesystem>
#include <map>
#include <memory>
#include <string>

namespace ib {

/// The variables of this process.
std::map<std::string, std::string> environment();

/// Where state is kept; nothing is made.
result<std::filesystem::path> state_path(const config::settings& settings);

/// The credential sources that the configuration names, with the rules who may use which.
result<std::shared_ptr<io::credential_store>> make_credentials(const config::orchestrator_settings& settings);

} // namespace ib
