#pragma once

#include "actors/domain/auth_policy.hpp"
#include "actors/domain/result.hpp"

#include <chrono>
#include <map>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace ib::io {

/// How credential helpers (`docker-credential-NAME`) are run.
struct helper_settings {
  std::map<std::string, std::string> environment; ///< all that a helper gets, e.g. the service's own
  std::vector<std::string> directories;           ///< absolute, where helpers are; empty: `PATH` of the above
  std::chrono::milliseconds time_limit{10'000};   ///< of one run
  size_t max_output_bytes = 65'536;
};

/// True for a NAME that may stand in `docker-credential-NAME`: lower case letters, digits, '.', '_', '-'.
bool is_helper_name(std::string_view name);

/// Asks a helper for the credential of `server`; blocks until it has answered. Empty where it has none.
/// Errors: not_found (no such program), deadline_exceeded, cancelled (`stop`), data_corrupt (no credential in
/// its answer), resource_exhausted (answers too much), unavailable (it failed). No error repeats what the
/// helper has written: that may be a secret.
result<registry_credential> run_credential_helper(const helper_settings& settings, const std::string& name,
                                                  const std::string& server, std::stop_token stop);

} // namespace ib::io
