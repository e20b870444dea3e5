#pragma once

#include "imagebuilder/v1/builds.pb.h"

#include <string>

namespace ib::imgctl {

/// All that is known of a build, for people: lines of "name  value", then its attempts, its steps, and of a
/// failed one why. Pure.
std::string describe(const imagebuilder::v1::Build& build);

} // namespace ib::imgctl
