#include "tests/support/registry_process.hpp"

#include <fstream>
#include <stdexcept>

namespace ib::test {

registry_process::registry_process(const std::string& user, const std::string& password) {
  auto file = (folder_ / "htpasswd").string();
  std::ofstream(file) << run_program({"htpasswd", "-Bbn", user, password});
  start("http: {addr: '127.0.0.1:0', secret: of-the-test}\n"
        "auth: {htpasswd: {realm: test, path: " +
        file + "}}\n");
}

registry_process::registry_process(over_tls) {
  auto key = (folder_ / "key.pem").string();
  run_program({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
               "-nodes", "-days", "2", "-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1",
               "-keyout", key, "-out", ca_file()});
  start("http: {addr: '127.0.0.1:0', secret: of-the-test, tls: {certificate: " + ca_file() + ", key: " + key +
        "}}\n");
}

void registry_process::start(const std::string& http_and_auth) {
  auto file = (folder_ / "config.yml").string();
  std::ofstream(file) << "version: 0.1\n"
                         "log: {level: info}\n"
                         "storage:\n"
                         "  filesystem: {rootdirectory: "
                      << (folder_ / "storage").string()
                      << "}\n"
                         "  maintenance: {uploadpurging: {enabled: false}}\n"
                      << http_and_auth;
  process_ = std::make_unique<child_process>(std::vector<std::string>{"docker-registry", "serve", file});
  const std::string announcement = "listening on 127.0.0.1:";
  auto log = process_->wait_for_output(announcement);
  auto at = log.find(announcement);
  if (at == std::string::npos) throw std::runtime_error("the registry did not start: " + log);
  log = process_->wait_for_output("\n", at);
  at += announcement.size();
  domain_ = "127.0.0.1:" + log.substr(at, log.find_first_not_of("0123456789", at) - at);
}

} // namespace ib::test
