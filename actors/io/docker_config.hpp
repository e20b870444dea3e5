#pragma once

#include "actors/domain/result.hpp"
#include "actors/io/credential_helper.hpp"
#include "actors/io/credential_source.hpp"

#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace ib::io {

/// What a Docker config file says, by registry domain: keys with scheme and path count for their host,
/// `https://index.docker.io/v1/` for docker.io.
struct docker_config {
  std::map<std::string, registry_credential> credentials; ///< `auths`
  std::map<std::string, std::string> helpers; ///< `credHelpers`, the NAME of docker-credential-NAME
  std::string store;                          ///< `credsStore`: the helper of all other domains

  /// The helper to ask for a domain, empty for none: its own, else the store. As docker has it, an entry of
  /// `credHelpers` that is empty turns the store off for its domain.
  std::string helper_for(const std::string& domain) const;
  /// What `auths` holds for a domain; empty where that is nothing.
  registry_credential credential_for(const std::string& domain) const;
};

/// data_corrupt where the text is no such file; the message never repeats a value.
result<docker_config> parse_docker_config(std::string_view text);

/// The service's own credentials, `pullSecretFile` (spec: images.md, "Credentials"). The file is read again
/// when it has changed; a broken new version is logged and the old one stays. A domain's helper is asked
/// first, then `auths`; a helper that fails is an error of that lookup alone. Thread-safe; answers before
/// find() returns where no helper has to be asked, else on a thread of its own.
result<std::shared_ptr<credential_source>> make_docker_config_source(const std::string& file,
                                                                     helper_settings helpers = {});

} // namespace ib::io
