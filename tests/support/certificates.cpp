#include "tests/support/certificates.hpp"

#include "tests/support/child_process.hpp"

#include <openssl/pem.h>
#include <openssl/x509.h>

#include <cstdio>
#include <memory>
#include <stdexcept>

namespace ib::test {

void make_certificate(const std::string& alt_name, const std::filesystem::path& key_file,
                      const std::filesystem::path& certificate_file) {
  run_program({"openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test",
               "-addext", "subjectAltName=" + alt_name, "-keyout", key_file.string(), "-out",
               certificate_file.string()});
}

void expire_certificate(const std::filesystem::path& key_file,
                        const std::filesystem::path& certificate_file) {
  using file = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;
  file key_from(std::fopen(key_file.c_str(), "r"), std::fclose);
  file from(std::fopen(certificate_file.c_str(), "r"), std::fclose);
  std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key(
      key_from ? PEM_read_PrivateKey(key_from.get(), nullptr, nullptr, nullptr) : nullptr, EVP_PKEY_free);
  std::unique_ptr<X509, void (*)(X509*)> certificate(
      from ? PEM_read_X509(from.get(), nullptr, nullptr, nullptr) : nullptr, X509_free);
  if (!key || !certificate) throw std::runtime_error("no certificate to expire");
  constexpr long day = 86'400;
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -2 * day);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), -day);
  X509_sign(certificate.get(), key.get(), EVP_sha256());
  file to(std::fopen(certificate_file.c_str(), "w"), std::fclose);
  if (!to || PEM_write_X509(to.get(), certificate.get()) != 1)
    throw std::runtime_error("cannot write the expired certificate");
}

} // namespace ib::test
