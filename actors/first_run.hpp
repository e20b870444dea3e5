#pragma once

#include "actors/build_plan.hpp"

namespace ib {

/// Takes the first step of a build that need not wait, before anybody knows of it: journaled together with
/// the build it costs no commit of its own. The build's actor begins the run.
void grant_first_run(build_record& record);

/// True where the first run of a build is in the books of this process and nothing was told of it since: it
/// may never have been asked for.
bool is_first_run_unheard_of(const build_record& record);

/// True for the record of a new build, as its director made it, until the build takes its next step.
bool is_still_new(const build_record& record);

} // namespace ib
