#pragma once

#include "actors/domain/result.hpp"
#include "actors/io/credential_source.hpp"

#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace ib::io {

/// The credentials of a Docker config file (`auths`), by registry domain: keys with scheme and path count
/// for their host, `https://index.docker.io/v1/` for docker.io. data_corrupt where the text is no such
/// file; the message never repeats a value.
result<std::map<std::string, registry_credential>> parse_docker_config(std::string_view text);

/// The service's own credentials, `pullSecretFile` (spec: images.md, "Credentials"). The file is read again
/// when it has changed; a broken new version is logged and the old one stays. Thread-safe; answers before
/// find() returns.
result<std::shared_ptr<credential_source>> make_docker_config_source(const std::string& file);

} // namespace ib::io
