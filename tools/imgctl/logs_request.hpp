#pragma once

#include "tools/imgctl/options.hpp"

#include "image-builder-api/imgbuilder.pb.h"

namespace ib::imgctl {

/// Asks for the log by reference where the target can only be one (it has a "/", ":" or "@"), else by build
/// id.
builder::LogsRequest make_logs_request(const logs_options& options);

} // namespace ib::imgctl
