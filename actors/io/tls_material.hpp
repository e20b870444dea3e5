#pragma once

#include "actors/domain/result.hpp"

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

namespace ib::io {

/// The files that say who one side of a TLS connection is and whom it trusts, all PEM.
struct tls_paths {
  std::string ca;          ///< the CAs that the peer's certificate is verified against
  std::string certificate; ///< ours, with its chain
  std::string key;         ///< its private key, without a password
};

/// What is in the files; it was checked to belong together.
struct tls_material {
  std::string ca;
  std::string certificate;
  std::string key;
  int64_t ends_at = 0; ///< of our certificate, unix seconds
};

/// failed_precondition naming the file that cannot be used, and why.
result<tls_material> read_tls_material(const tls_paths& paths);

/// Follows the files: a connection that begins gets what is in them by then. Thread-safe.
class tls_watch {
public:
  /// As read_tls_material where they cannot be used now. `owner` is named in the log.
  static result<std::shared_ptr<tls_watch>> begin(tls_paths paths, std::string owner);

  /// What is in force: never null. Files that have changed are read; where they cannot be used (half of them
  /// are replaced, say) the last good ones stay in force, and the log says so once for each change.
  std::shared_ptr<const tls_material> current();

private:
  tls_watch(tls_paths paths, std::string owner) : paths_(std::move(paths)), owner_(std::move(owner)) {}

  const tls_paths paths_;
  const std::string owner_;
  std::mutex turn_;
  std::string stamp_; ///< what the files looked like when they were last read
  std::shared_ptr<const tls_material> current_;
};

} // namespace ib::io
