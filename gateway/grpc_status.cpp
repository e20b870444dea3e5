#include "gateway/grpc_status.hpp"

namespace ib {

namespace {

grpc::StatusCode code_of(error_code code) {
  switch (code) {
  case error_code::invalid_argument:
    return grpc::StatusCode::INVALID_ARGUMENT;
  case error_code::not_found:
    return grpc::StatusCode::NOT_FOUND;
  case error_code::unauthenticated:
    return grpc::StatusCode::UNAUTHENTICATED;
  case error_code::permission_denied:
    return grpc::StatusCode::PERMISSION_DENIED;
  // For a caller all three mean that a peer of ours does not answer now and that trying again may help.
  case error_code::unavailable:
  case error_code::too_many_requests:
  case error_code::deadline_exceeded:
    return grpc::StatusCode::UNAVAILABLE;
  case error_code::resource_exhausted:
    return grpc::StatusCode::RESOURCE_EXHAUSTED;
  case error_code::cancelled:
    return grpc::StatusCode::CANCELLED;
  case error_code::failed_precondition:
    return grpc::StatusCode::FAILED_PRECONDITION;
  case error_code::out_of_range:
    return grpc::StatusCode::OUT_OF_RANGE;
  case error_code::data_corrupt:
  case error_code::internal:
    return grpc::StatusCode::INTERNAL;
  }
  return grpc::StatusCode::INTERNAL;
}

} // namespace

grpc::Status to_status(const error& e) {
  bool named = e.field.empty() || e.message.find(e.field) != std::string::npos;
  return {code_of(e.code), named ? e.message : e.field + ": " + e.message};
}

grpc::Status stopping_status() {
  return {grpc::StatusCode::UNAVAILABLE,
          "the service is stopping; call again with the same request to go on"};
}

} // namespace ib
