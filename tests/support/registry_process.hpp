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
  registry_process() { start("http: {addr: '127.0.0.1:0', secret: of-the-test}\n"); }
  /// Basic authentication; everything needs this user and password.
  registry_process(const std::string& user, const std::string& password);
  /// Speaks HTTPS with a certificate of its own making, which is its own CA.
  struct over_tls {};
  explicit registry_process(over_tls);

  /// PEM file of the CA, for over_tls.
  std::string ca_file() const { return (folder_ / "certificate.pem").string(); }

  /// "127.0.0.1:<port>", as a reference's domain.
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
  void start(const std::string& http_and_auth);

  temp_dir folder_;
  std::unique_ptr<child_process> process_;
  std::string domain_;
};

} // namespace ib::test
