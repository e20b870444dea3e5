#pragma once

#include "tools/imgctl/connection.hpp"

#include <string>

namespace ib::imgctl {

/// A call of the extension service that went wrong, as a failure; says so where the service has no extension
/// service at all.
failure explain_builds(const grpc::ClientContext& context, const grpc::Status& status,
                       const std::string& what, const std::string& address);

/// The id of a target: itself, or that of the newest build of a reference. `unimplemented` is set where the
/// service has no extension service.
outcome<std::string> find_build_id(connection& service, const std::string& target, bool& unimplemented);

} // namespace ib::imgctl
