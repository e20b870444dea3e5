#pragma once

#include "actors/domain/reference.hpp"
#include "tests/support/child_process.hpp"
#include "tests/support/temp_dir.hpp"

#include <memory>
#include <string>

namespace ib::test {

/// A registry of a test's own, on a free port of 127.0.0.1, with its storage in a temporary folder.
class registry_process {
public:
  /// Anonymous access.
  registry_process() : registry_process(setup{}) {}
  /// Basic authentication; everything needs this user and password.
  registry_process(const std::string& user, const std::string& password);
  struct setup {
    std::string address = "127.0.0.1"; ///< or "[::1]"
    std::string auth;                  ///< the configuration's `auth` part, a whole line
    std::string tls_name;  ///< HTTPS with a certificate for this name ("IP:127.0.0.1"), its own CA
    std::string client_ca; ///< PEM file; HTTPS clients must show a certificate that it signed
  };
  explicit registry_process(const setup& how) { start(how); }

  /// PEM file of the CA, where it speaks HTTPS.
  std::string ca_file() const { return (folder_ / "certificate.pem").string(); }

  /// "127.0.0.1:<port>" as a reference's domain.
  const std::string& domain() const { return domain_; }
  reference tagged(const std::string& path, const std::string& tag) const { return {domain_, path, tag, ""}; }
  reference pinned(const std::string& path, const std::string& digest) const {
    return {domain_, path, "", digest};
  }

  /// The log with its access lines, once it holds a whole line with `text`.
  std::string log_with(const std::string& text) {
    auto log = process_->wait_for_output(text);
    auto at = log.find(text);
    return at == std::string::npos ? log : process_->wait_for_output("\n", at);
  }

private:
  void start(const setup& how);
  std::string tls_config(const setup& how) const;

  temp_dir folder_;
  std::unique_ptr<child_process> process_;
  std::string domain_;
};

} // namespace ib::test
