#include "tools/imgctl/explain.hpp"

#include "tools/imgctl/text.hpp"

#include <grpcpp/support/status.h>

namespace ib::imgctl {
namespace {

/// What a code means here.
struct meaning {
  exit_code code;
  const char* words;
  const char* advice;
};

meaning meaning_of(grpc::StatusCode code) {
  switch (code) {
  case grpc::StatusCode::INVALID_ARGUMENT:
    return {exit_code::usage, "the service refuses the request", "correct the field it names"};
  case grpc::StatusCode::NOT_FOUND:
    return {exit_code::failed, "not found", "check the name"};
  case grpc::StatusCode::UNAUTHENTICATED:
    return {
        exit_code::failed, "credentials are missing or wrong",
        "bring them with --registry-auth-file, or allow the service's own with --auth-all or --allow DOMAIN"};
  case grpc::StatusCode::PERMISSION_DENIED:
    return {exit_code::failed, "the credentials do not allow this", "use an account that may"};
  case grpc::StatusCode::RESOURCE_EXHAUSTED:
    return {exit_code::unavailable, "a limit of the service is reached", "try again later"};
  case grpc::StatusCode::UNAVAILABLE:
    return {exit_code::unavailable, "unavailable",
            "try again; --retry lets the service repeat failed registry lookups"};
  case grpc::StatusCode::DEADLINE_EXCEEDED:
    return {exit_code::unavailable, "no answer in time", "try again"};
  case grpc::StatusCode::UNIMPLEMENTED:
    return {exit_code::unavailable, "what listens there is not the image builder", "check --address"};
  case grpc::StatusCode::FAILED_PRECONDITION:
    return {exit_code::failed, "not possible", "imgctl show tells how the build stands"};
  case grpc::StatusCode::OUT_OF_RANGE:
    return {exit_code::failed, "beyond the end", "imgctl show tells how long the log is"};
  case grpc::StatusCode::CANCELLED:
    return {exit_code::failed, "cancelled", "run the command again"};
  default: // the rest of gRPC's codes, and codes of newer versions
    return {exit_code::failed, "the service failed", "see its log"};
  }
}

/// gRPC puts the cause last: "failed to connect to all addresses; last error: …: Connection refused".
std::string cause(const std::string& words) {
  const auto last = words.rfind(": ");
  return one_line(last == std::string::npos || last + 2 >= words.size() ? words : words.substr(last + 2));
}

failure unreachable(const grpc::Status& status, const failed_call& call) {
  return {exit_code::unavailable,
          call.what + ": no connection to the service at " + call.address + " (" +
              cause(status.error_message()) +
              "); start it with \"image-builder run\", or name another with --address "
              "or IMGCTL_ADDRESS"};
}

} // namespace

failure explain(const grpc::Status& status, const failed_call& call) {
  if (status.error_code() == grpc::StatusCode::UNAVAILABLE && !call.from_service)
    return unreachable(status, call);
  const auto m = meaning_of(status.error_code());
  const auto said = one_line(status.error_message());
  return {m.code, call.what + ": " + m.words + (said.empty() ? "" : ": " + said) + " (" + m.advice + ")"};
}

} // namespace ib::imgctl
