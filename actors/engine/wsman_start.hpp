#pragma once

#include "actors/engine/wsman_manager.hpp"
#include "ws-manager-api/core.pb.h"

#include <string>

namespace ib {

/// The JSON object that the builder image reads credentials from; anonymous ones are left out.
std::string credentials_json(const from_credentials& credentials);

/// The request that starts a build (spec: engines.md, "wsman", the table of variables). invalid_argument
/// where a path of the plan leaves the context.
result<wsman::StartWorkspaceRequest> start_request(const build_plan& plan, const workspace_template& common,
                                                   const from_credentials& credentials);

} // namespace ib
