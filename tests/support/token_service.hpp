#pragma once

#include "tests/support/child_process.hpp"
#include "tests/support/temp_dir.hpp"

#include <memory>
#include <string>
#include <vector>

namespace ib::test {

/// A token service for registries, on a free port of 127.0.0.1, that signs real tokens. Knows the user
/// "alice" with the password "right-password" and the identity token "identity-of-alice".
class token_service {
public:
  /// `delay_s`: how long each token takes.
  explicit token_service(const std::string& delay_s = "0");

  /// The `auth` part of a registry's configuration.
  std::string registry_config() const;
  std::string realm() const { return "http://" + domain_ + "/token"; }
  const std::string& domain() const { return domain_; }

  /// The token requests so far: "GET user=alice service=tests scope=repository:a/b:pull".
  std::vector<std::string> requests() const;
  /// "Bearer …" for alice.
  std::string authorization_for(const std::string& scope) const;

private:
  temp_dir folder_;
  std::unique_ptr<child_process> process_;
  std::string domain_;
};

} // namespace ib::test
