#include "tests/support/registry_process.hpp"

#include "tests/support/certificates.hpp"

#include <fstream>

namespace ib::test {

registry_process::registry_process(const std::string& user, const std::string& password) {
  auto file = (folder_ / "htpasswd").string();
  std::ofstream(file) << run_program({"htpasswd", "-Bbn", user, password});
  setup how;
  how.auth = "auth: {htpasswd: {realm: test, path: " + file + "}}\n";
  start(how);
}

std::string registry_process::tls_config(const setup& how) const {
  if (how.tls_name.empty()) return {};
  auto key = folder_ / "key.pem";
  make_certificate(how.tls_name, key, ca_file());
  auto clients = how.client_ca.empty() ? "" : ", clientcas: [" + how.client_ca + "]";
  return ", tls: {certificate: " + ca_file() + ", key: " + key.string() + clients + "}";
}

void registry_process::start(const setup& how) {
  auto file = (folder_ / "config.yml").string();
  std::ofstream(file) << "version: 0.1\n"
                         "log: {level: info}\n"
                         "storage:\n"
                         "  filesystem: {rootdirectory: "
                      << (folder_ / "storage").string()
                      << "}\n"
                         "  maintenance: {uploadpurging: {enabled: false}}\n"
                      << "http: {addr: '" << how.address << ":0', secret: of-the-test" << tls_config(how)
                      << "}\n"
                      << how.auth;
  process_ = std::make_unique<child_process>(std::vector<std::string>{"docker-registry", "serve", file});
  domain_ = listening_domain(*process_);
}

} // namespace ib::test
