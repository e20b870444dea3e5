#pragma once

#include "actors/domain/build_source.hpp"
#include "actors/engine/wsman_status.hpp"
#include "ws-manager-api/core.pb.h"

namespace ib {

// Translation between ws-manager's wire types and ours; pure.

workspace_status to_status(const wsman::WorkspaceStatus& from);
/// The initializer as the request had it.
contentservice::WorkspaceInitializer to_wire(const initializer& from);
/// Matches the workspaces of every image-builder.
wsman::MetadataFilter our_workspaces();

} // namespace ib
