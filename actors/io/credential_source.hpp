#pragma once

#include "actors/domain/auth_policy.hpp"
#include "actors/domain/result.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace ib::io {

/// A place that may hold credentials of registries: the Docker config file, Amazon ECR.
class credential_source {
public:
  virtual ~credential_source() = default;
  /// The credential for a registry domain, empty where the source has none. `done` is called exactly once,
  /// from any thread, possibly before find() returns.
  virtual void find(const std::string& domain, std::function<void(result<registry_credential>)> done) = 0;
};

/// All sources of the service together with the rules who may use which.
class credential_store {
public:
  /// `service_file` and `ecr` may be null.
  credential_store(auth_policy policy, std::shared_ptr<credential_source> service_file,
                   std::shared_ptr<credential_source> ecr);

  /// The first non-empty credential of the sources that auth_policy names, empty for anonymous. An error in
  /// one source is logged and does not silence the next. `done` is called exactly once.
  void find(const request_auth& auth, registry_purpose purpose, const std::string& domain,
            std::function<void(registry_credential)> done) const;

private:
  auth_policy policy_;
  std::shared_ptr<credential_source> service_file_;
  std::shared_ptr<credential_source> ecr_;
};

} // namespace ib::io
