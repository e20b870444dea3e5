#pragma once

#include "tools/imgctl/outcome.hpp"

#include <string>

namespace grpc {
class Status;
}

namespace ib::imgctl {

/// A call that failed, for the explanation.
struct failed_call {
  std::string what;          ///< what was tried, as in "cannot list the builds"
  std::string address;       ///< of the service
  bool from_service = false; ///< see answered_by_service()
};

/// The exit code and one line of words for a failed call: what was tried, what the gRPC code means, and what
/// to do about it.
failure explain(const grpc::Status& status, const failed_call& call);

} // namespace ib::imgctl
