#include "actors/domain/error.hpp"

#include <utility>

namespace ib {

const char* to_string(error_code code) {
  switch (code) {
  case error_code::invalid_argument:
    return "invalid_argument";
  case error_code::not_found:
    return "not_found";
  case error_code::unauthenticated:
    return "unauthenticated";
  case error_code::permission_denied:
    return "permission_denied";
  case error_code::unavailable:
    return "unavailable";
  case error_code::too_many_requests:
    return "too_many_requests";
  case error_code::resource_exhausted:
    return "resource_exhausted";
  case error_code::deadline_exceeded:
    return "deadline_exceeded";
  case error_code::cancelled:
    return "cancelled";
  case error_code::failed_precondition:
    return "failed_precondition";
  case error_code::out_of_range:
    return "out_of_range";
  case error_code::data_corrupt:
    return "data_corrupt";
  case error_code::internal:
    return "internal";
  }
  return "internal";
}

bool is_transient(error_code code) {
  return code == error_code::unavailable || code == error_code::too_many_requests ||
         code == error_code::deadline_exceeded;
}

error with_context(error e, const std::string& prefix) {
  e.message = prefix + ": " + e.message;
  return e;
}

error bad_field(std::string field, std::string message) {
  return {error_code::invalid_argument, std::move(message), std::move(field), std::nullopt};
}

} // namespace ib
