#pragma once

#include "actors/build_plan.hpp"

namespace ib {

/// Takes the first step of a build that need not wait, before anybody knows of it: journaled together with
/// the build it costs no commit of its own. The build's actor begins the run.
void grant_first_run(build_record& record);

} // namespace ib
