#include "gateway/grpc_tls.hpp"

#include <grpc/grpc.h>
#include <grpc/grpc_security.h>

#include <string>
#include <utility>

namespace ib {

namespace {

class watched_tls final : public grpc::ServerCredentials {
public:
  explicit watched_tls(std::shared_ptr<io::tls_watch> files) : files_(std::move(files)) {
    auto* options = grpc_ssl_server_credentials_create_options_using_config_fetcher(
        GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY, &watched_tls::fetch, this);
    credentials_ = grpc_ssl_server_credentials_create_with_options(options);
  }
  ~watched_tls() override { grpc_server_credentials_release(credentials_); }
  watched_tls(const watched_tls&) = delete;
  watched_tls& operator=(const watched_tls&) = delete;

  /// Nobody is let in by anything but a certificate.
  void SetAuthMetadataProcessor(const std::shared_ptr<grpc::AuthMetadataProcessor>&) override {}

private:
  int AddPortToServer(const std::string& address, grpc_server* server) override {
    return grpc_server_add_http2_port(server, address.c_str(), credentials_);
  }

  /// Before each handshake, one at a time.
  static grpc_ssl_certificate_config_reload_status fetch(void* self,
                                                         grpc_ssl_server_certificate_config** config) {
    return static_cast<watched_tls*>(self)->fetch(*config);
  }

  grpc_ssl_certificate_config_reload_status fetch(grpc_ssl_server_certificate_config*& config) {
    auto now = files_->current();
    if (now == given_) return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED;
    grpc_ssl_pem_key_cert_pair ours{now->key.c_str(), now->certificate.c_str()};
    config = grpc_ssl_server_certificate_config_create(now->ca.c_str(), &ours, 1);
    given_ = std::move(now);
    return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW;
  }

  std::shared_ptr<io::tls_watch> files_;
  std::shared_ptr<const io::tls_material> given_; ///< what the library has
  grpc_server_credentials* credentials_ = nullptr;
};

} // namespace

std::shared_ptr<grpc::ServerCredentials> watched_tls_credentials(std::shared_ptr<io::tls_watch> files) {
  return std::make_shared<watched_tls>(std::move(files));
}

} // namespace ib
