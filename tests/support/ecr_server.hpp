#pragma once

#include "tests/support/child_process.hpp"

#include <map>
#include <memory>
#include <string>

namespace ib::test {

/// tests/support/ecr_server.py as a child: Amazon's endpoints, which verify signatures. It ends with this
/// object.
class ecr_server {
public:
  ecr_server();

  /// The keys that it knows: of a user, and temporary ones that need the session token.
  static constexpr const char* access_key = "AKIDSTATIC";
  static constexpr const char* session_access_key = "ASIDSESSION";
  /// Full of what has to be kept or encoded on its way.
  static constexpr const char* secret_key = "s3cret/key+with=signs";
  static constexpr const char* session_token = "s3cret/session+token==";
  static constexpr const char* identity_token = "s3cret.identity&token=%+";

  /// A URL that misbehaves in the given way; empty for one that works.
  std::string url(const std::string& mode = {}) const;
  /// The environment of a user with keys who asks that URL.
  std::map<std::string, std::string> environment(const std::string& mode = {}) const;

  /// What was asked so far, as JSON.
  std::string seen() const { return get("/seen"); }
  /// Lets requests to the mode "hold" go on.
  void release() const { (void)get("/release"); }

private:
  std::string get(const std::string& path) const;

  std::unique_ptr<child_process> process_;
  std::string domain_;
};

} // namespace ib::test
