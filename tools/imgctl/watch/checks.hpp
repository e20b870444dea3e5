#pragma once

#include "tools/imgctl/options.hpp"
#include "tools/imgctl/places.hpp"
#include "tools/imgctl/watch/findings.hpp"
#include "tools/imgctl/watch/house.hpp"

#include <string>

namespace ib::imgctl {

/// Whether the service's gRPC port is reached, speaks as it is spoken to, and serves. False where it cannot
/// be reached.
bool check_service(const global_options& global, findings& to);

/// Whether the debug endpoint answers, and what it says of the service. `version`: of this program.
void check_debug(const outcome<debug_place>& place, const std::string& version, findings& to);

/// Pure: what a service says of itself, judged.
void judge(const house& now, const std::string& about, const std::string& version, findings& to);

} // namespace ib::imgctl
