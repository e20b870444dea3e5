#pragma once

#include "tools/imgctl/outcome.hpp"

#include <map>
#include <string>
#include <string_view>

namespace ib::imgctl {

/// The credentials of a Docker configuration file, as a request carries them: registry domain to base64 of
/// "user:password" (spec: api.md, BuildRegistryAuth). Keys that are URLs become their host, and the legacy
/// key https://index.docker.io/v1/ becomes docker.io. Entries that hold only an identity token cannot be
/// expressed so and are left out. A usage failure where nothing is left, or the text is no such file; it
/// quotes no secret.
outcome<std::map<std::string, std::string>> parse_docker_config(const std::string& json);

/// Standard base64 with padding.
std::string base64(std::string_view bytes);

} // namespace ib::imgctl
