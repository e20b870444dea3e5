#pragma once

#include <cstdint>
#include <string>

namespace ib {

/// What stays the same about a build for its whole life.
struct build_identity {
  std::string build_id; ///< UUID
  std::string workspace_ref;
  std::string base_ref;
  std::string triggered_by;
  int64_t created_ms = 0; ///< when it was accepted, unix milliseconds
  /// Where the log can be followed over HTTP, empty where no HTTP server listens; the token is a secret of
  /// the build's callers.
  std::string log_url;
  std::string owner_token;
  std::string source_ref; ///< the image that it is built from, as the request has it; empty for a Dockerfile
  std::string source_words; ///< what it is built from, in words and without credentials
};

} // namespace ib
