#pragma once

#include "actors/domain/result.hpp"
#include "config/settings.hpp"
#include "gateway/http/limits.hpp"
#include "gateway/http/router.hpp"

#include <memory>
#include <string>

namespace ib::http {

/// A listening HTTP/1.1 server with one thread of its own; see README.md.
class server {
public:
  /// Listens, and lets clients wait until serve(). failed_precondition where the address or a TLS file cannot
  /// be used; `key` names the listener in the configuration.
  static result<std::unique_ptr<server>> listen(const config::listener_settings& settings,
                                                const std::string& key, const limits& limit = {});
  /// Ends all connections; streams are cut where they are.
  ~server();

  /// Begins to serve; once.
  void serve(router routes);

  /// "host:port" with the port that was chosen; the host as it was configured.
  const std::string& address() const;
  /// "http://host:port" or "https://…" under which this machine's clients reach it; the machine's name where
  /// it listens on all addresses.
  std::string base_url() const;

private:
  struct parts;
  explicit server(std::unique_ptr<parts> p);
  std::unique_ptr<parts> parts_;
};

} // namespace ib::http
