#pragma once

#include "actors/domain/reference.hpp"
#include "actors/domain/registry_settings.hpp"
#include "actors/io/credential_source.hpp"

#include <memory>
#include <string>

namespace ib::io {

struct registry_core;

/// Asks registries whether they would let the service in, without changing anything there. Blocking, for the
/// doctor; errors as those of registry_client.
class registry_trial {
public:
  registry_trial(registry_settings settings, std::shared_ptr<credential_store> credentials);
  ~registry_trial();
  registry_trial(const registry_trial&) = delete;
  registry_trial& operator=(const registry_trial&) = delete;

  /// Whether the registry speaks the protocol and takes the service's credential, if there is one.
  result<void> greet(const std::string& domain);
  /// Whether the service may push to a repository: begins an upload and gives it back.
  result<void> try_push(const reference& repository);

private:
  std::shared_ptr<registry_core> core_;
};

} // namespace ib::io
