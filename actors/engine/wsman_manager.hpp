#pragma once

#include "actors/build_plan.hpp"
#include "actors/domain/auth_policy.hpp"
#include "actors/domain/result.hpp"
#include "actors/engine/wsman_status.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace ib {

/// What builds on ws-manager have in common.
struct workspace_template {
  std::string builder_image;
  std::string pull_secret; ///< name of the Kubernetes secret with the registries' credentials
  bool debug = false;      ///< the log level is debug
};

/// What `FROM` may use, by registry domain.
using from_credentials = std::map<std::string, registry_credential>;

/// The answer to a start.
struct started_workspace {
  bool existed = false; ///< it runs already; the rest is empty then
  std::string url;
  std::string owner_token; ///< secret
};

/// Follows the changes of our workspaces for as long as it lives.
class workspace_subscription {
public:
  virtual ~workspace_subscription() = default;
};

/// ws-manager, as the engine sees it. Calls return at once; callbacks are called exactly once (`changed` any
/// number of times before `ended`), on threads that must not be blocked. Errors are `unavailable` where it
/// cannot be reached or says so, `deadline_exceeded`, `not_found`, and others that tell what ws-manager said.
class workspace_manager {
public:
  virtual ~workspace_manager() = default;

  /// All workspaces of image-builders.
  virtual void list(std::function<void(result<std::vector<workspace_status>>)> done) = 0;
  /// Every change of them from now on. The end of the subscription is not told once it is destroyed.
  virtual std::unique_ptr<workspace_subscription> subscribe(std::function<void(workspace_status)> changed,
                                                            std::function<void(error)> ended) = 0;
  virtual void start(std::shared_ptr<const build_plan> plan, from_credentials credentials,
                     std::function<void(result<started_workspace>)> done) = 0;
  virtual void describe(const std::string& id, std::function<void(result<workspace_status>)> done) = 0;
  virtual void stop(const std::string& id, std::function<void(result<void>)> done) = 0;

  /// Ends everything that is under way; returns when the last callback has been called. Calls that come later
  /// are answered with `cancelled`.
  virtual void close() = 0;
};

/// How ws-manager is reached.
struct manager_address {
  std::string address; ///< host:port
  /// PEM files for mutual TLS, read again when they change; all empty for plain text.
  std::string ca_file;
  std::string certificate_file;
  std::string key_file;
};

std::unique_ptr<workspace_manager> make_workspace_manager(const manager_address& where,
                                                          workspace_template common);

} // namespace ib
