#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace ib {

/// What kind of failure a value describes; the gateway maps each to one gRPC code (spec: api.md).
enum class error_code : uint8_t {
  invalid_argument,    ///< the caller's input is wrong; `error::field` names the field
  not_found,           ///< the thing asked for does not exist
  unauthenticated,     ///< credentials are missing or wrong
  permission_denied,   ///< credentials are right and do not allow this
  unavailable,         ///< a peer cannot be reached or is failing; trying again may help
  too_many_requests,   ///< a peer limits our rate; `error::retry_after_ms` may say for how long
  resource_exhausted,  ///< a limit of ours is reached
  deadline_exceeded,   ///< it took longer than allowed
  cancelled,           ///< somebody asked for it to stop
  failed_precondition, ///< the state of the system does not allow it
  out_of_range,        ///< a position beyond the end of what there is
  data_corrupt,        ///< bytes do not match what their digest, length or type announced
  internal,            ///< a fault of this program
};

/// The lower-case name of a code, as it is logged.
const char* to_string(error_code code);

/// A failure as a value: what failed, where and why, in words a user can act on. Never carries a secret.
struct error { // NOLINT(clang-analyzer-core.uninitialized.Assign): see .clang-tidy
  error_code code = error_code::internal;
  std::string message;
  std::string field;                     ///< path of the offending request or configuration field, or empty
  std::optional<int64_t> retry_after_ms; ///< how long a rate-limiting peer asked us to wait
};

/// True where the same attempt may succeed later without anyone changing anything.
bool is_transient(error_code code);

/// `e` with `prefix` and ": " before its message: adds where to what.
error with_context(error e, const std::string& prefix);

/// An error that blames a field of the caller's input.
error bad_field(std::string field, std::string message);

} // namespace ib
