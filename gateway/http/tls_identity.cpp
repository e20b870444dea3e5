#include "gateway/http/tls_identity.hpp"

#include "actors/io/log.hpp"

#include <openssl/ssl.h>
#include <sys/stat.h>

#include <utility>

namespace ib::http {

namespace {

namespace ssl = boost::asio::ssl;
using failure = boost::system::error_code;

/// Tells one state of the files from another: a mounted secret is replaced by turning a link, an edited file
/// has a new time.
std::string stamp_of(const config::tls_files& files) {
  std::string stamp;
  for (const auto* path : {&files.ca, &files.certificate, &files.key}) {
    struct stat now {};
    if (::stat(path->c_str(), &now) == 0)
      stamp += std::to_string(now.st_dev) + ":" + std::to_string(now.st_ino) + ":" +
               std::to_string(now.st_size) + ":" + std::to_string(now.st_mtim.tv_sec) + "." +
               std::to_string(now.st_mtim.tv_nsec);
    stamp += ";";
  }
  return stamp;
}

error unusable(const std::string& path, const failure& why) {
  return {error_code::failed_precondition, "cannot use " + path + ": " + why.message(), "tls", {}};
}

result<tls_identity::context> read(const config::tls_files& files) {
  auto made = std::make_shared<ssl::context>(ssl::context::tls_server);
  failure failed;
  made->set_options(ssl::context::default_workarounds | ssl::context::no_sslv2 | ssl::context::no_sslv3 |
                        ssl::context::no_tlsv1 | ssl::context::no_tlsv1_1,
                    failed);
  // A key that needs a password is refused instead of asked for on the terminal.
  made->set_password_callback([](size_t, ssl::context::password_purpose) { return std::string(); }, failed);
  if (made->use_certificate_chain_file(files.certificate, failed)) return unusable(files.certificate, failed);
  if (made->use_private_key_file(files.key, ssl::context::pem, failed)) return unusable(files.key, failed);
  if (made->load_verify_file(files.ca, failed)) return unusable(files.ca, failed);
  made->set_verify_mode(ssl::verify_peer | ssl::verify_fail_if_no_peer_cert, failed);
  auto* native = made->native_handle();
  SSL_CTX_set_client_CA_list(native, SSL_load_client_CA_file(files.ca.c_str()));
  // A resumed session would outlive the certificates it was begun with.
  SSL_CTX_set_session_cache_mode(native, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_options(native, SSL_OP_NO_TICKET);
  SSL_CTX_set_num_tickets(native, 0);
  return made;
}

} // namespace

result<std::unique_ptr<tls_identity>> tls_identity::load(const config::tls_files& files) {
  std::unique_ptr<tls_identity> identity(new tls_identity(files));
  identity->stamp_ = stamp_of(files);
  auto made = read(files);
  if (!made) return made.error();
  identity->context_ = std::move(*made);
  return identity;
}

const tls_identity::context& tls_identity::current() {
  auto stamp = stamp_of(files_);
  if (stamp == stamp_) return context_;
  stamp_ = std::move(stamp);
  if (auto made = read(files_)) {
    context_ = std::move(*made);
    io::log_info("read certificates again", {{"file", files_.certificate}});
  } else {
    io::log_warning("the changed certificates cannot be used; the last ones stay in force",
                    {{"cause", made.error().message}});
  }
  return context_;
}

} // namespace ib::http
