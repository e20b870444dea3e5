#include "tests/support/certificates.hpp"

#include "tests/support/child_process.hpp"

namespace ib::test {

void make_certificate(const std::string& alt_name, const std::filesystem::path& key_file,
                      const std::filesystem::path& certificate_file) {
  run_program({"openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test",
               "-addext", "subjectAltName=" + alt_name, "-keyout", key_file.string(), "-out",
               certificate_file.string()});
}

} // namespace ib::test
