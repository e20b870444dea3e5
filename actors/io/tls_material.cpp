#include "actors/io/tls_material.hpp"

#include "actors/io/file_text.hpp"
#include "actors/io/log.hpp"
#include "actors/io/utc_time.hpp"

#include <array>
#include <ctime>
#include <fstream>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/stat.h>
#include <utility>

namespace ib::io {

namespace {

template <class T, void (*Free)(T*)>
struct freer {
  void operator()(T* object) const { Free(object); }
};
using certificate_ptr = std::unique_ptr<X509, freer<X509, X509_free>>;
using key_ptr = std::unique_ptr<EVP_PKEY, freer<EVP_PKEY, EVP_PKEY_free>>;
struct bio_freer {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using bio_ptr = std::unique_ptr<BIO, bio_freer>;

bio_ptr reader_of(const std::string& text) {
  return bio_ptr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

/// Instead of asking on the terminal.
int no_password(char*, int, int, void*) { return 0; }

error unusable(const std::string& path, const std::string& why) {
  ERR_clear_error();
  return {error_code::failed_precondition, "cannot use " + path + ": " + why, "", {}};
}

result<std::string> read_text(const std::string& path) {
  if (!std::ifstream(path).is_open()) return unusable(path, "it cannot be read");
  return text_of_file(path);
}

result<certificate_ptr> read_certificate(const std::string& path, const std::string& text) {
  certificate_ptr certificate(PEM_read_bio_X509(reader_of(text).get(), nullptr, no_password, nullptr));
  if (!certificate) return unusable(path, "it holds no PEM certificate");
  return certificate;
}

int64_t end_of(const X509& certificate) {
  std::tm parts{};
  return ASN1_TIME_to_tm(X509_get0_notAfter(&certificate), &parts) == 1 ? timegm(&parts) : 0;
}

/// Tells one state of the files from another: a mounted secret is replaced by turning a link, an edited file
/// has a new time.
std::string stamp_of(const tls_paths& paths) {
  std::string stamp;
  for (const auto* path : {&paths.ca, &paths.certificate, &paths.key}) {
    struct stat now {};
    if (::stat(path->c_str(), &now) == 0)
      for (auto part :
           std::array<int64_t, 5>{static_cast<int64_t>(now.st_dev), static_cast<int64_t>(now.st_ino),
                                  now.st_size, now.st_mtim.tv_sec, now.st_mtim.tv_nsec})
        stamp += std::to_string(part) + ":";
    stamp += ";";
  }
  return stamp;
}

} // namespace

result<tls_material> read_tls_material(const tls_paths& paths) {
  tls_material material;
  for (auto [path, text] :
       {std::pair{&paths.ca, &material.ca}, std::pair{&paths.certificate, &material.certificate},
        std::pair{&paths.key, &material.key}}) {
    auto read = read_text(*path);
    if (!read) return read.error();
    *text = std::move(*read);
  }
  if (auto ca = read_certificate(paths.ca, material.ca); !ca) return ca.error();
  auto certificate = read_certificate(paths.certificate, material.certificate);
  if (!certificate) return certificate.error();
  key_ptr key(PEM_read_bio_PrivateKey(reader_of(material.key).get(), nullptr, no_password, nullptr));
  if (!key) return unusable(paths.key, "it holds no PEM key without a password");
  if (X509_check_private_key(certificate->get(), key.get()) != 1)
    return unusable(paths.key, "it is not the key of " + paths.certificate);
  material.ends_at = end_of(**certificate);
  return material;
}

result<std::shared_ptr<tls_watch>> tls_watch::begin(tls_paths paths, std::string owner) {
  std::shared_ptr<tls_watch> watch(new tls_watch(std::move(paths), std::move(owner)));
  // Before reading: a change meanwhile is then seen as one.
  watch->stamp_ = stamp_of(watch->paths_);
  auto material = read_tls_material(watch->paths_);
  if (!material) return material.error();
  if (material->ends_at < std::time(nullptr))
    log_warning("the certificate has ended", {{"owner", watch->owner_},
                                              {"file", watch->paths_.certificate},
                                              {"ended", utc_text(material->ends_at * 1000)}});
  watch->current_ = std::make_shared<const tls_material>(std::move(*material));
  return watch;
}

std::shared_ptr<const tls_material> tls_watch::current() {
  std::lock_guard turn(turn_);
  auto stamp = stamp_of(paths_);
  if (stamp == stamp_) return current_;
  stamp_ = std::move(stamp);
  if (auto material = read_tls_material(paths_)) {
    current_ = std::make_shared<const tls_material>(std::move(*material));
    log_info("read certificates again",
             {{"owner", owner_}, {"file", paths_.certificate}, {"ends", utc_text(current_->ends_at * 1000)}});
  } else {
    log_warning("the changed certificates cannot be used; the last ones stay in force",
                {{"owner", owner_}, {"cause", material.error().message}});
  }
  return current_;
}

} // namespace ib::io
