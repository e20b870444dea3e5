#pragma once

#include "actors/domain/result.hpp"
#include "config/settings.hpp"

#include <boost/asio/ssl/context.hpp>

#include <memory>
#include <string>

namespace ib::http {

/// A server's certificate, key and the CAs of its clients, read from files again whenever these change.
/// TLS 1.2 or newer; a client has to show a certificate that the CAs signed.
class tls_identity {
public:
  using context = std::shared_ptr<boost::asio::ssl::context>;

  /// failed_precondition naming the file that cannot be used.
  static result<std::unique_ptr<tls_identity>> load(const config::tls_files& files);

  /// What a connection that comes now is to use. Files that changed to something that cannot be used leave
  /// the last identity in force, and the log says so once. One thread at a time.
  const context& current();

private:
  explicit tls_identity(config::tls_files files) : files_(std::move(files)) {}

  config::tls_files files_;
  std::string stamp_; ///< what the files looked like when they were last read
  context context_;
};

} // namespace ib::http
