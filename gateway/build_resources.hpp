#pragma once

#include "actors/build_listing.hpp"

#include <imagebuilder/v1/builds.pb.h>

#include <optional>

namespace ib {

/// From the domain to the wire of the extension service. Texts that come from tools are made UTF-8. Pure.

imagebuilder::v1::Build::State to_wire(build_state state);
/// The other way; nothing for what is no state of a build.
std::optional<build_state> to_state(int state);

imagebuilder::v1::Step to_wire(const status_update& update);
/// A build as lists show it.
imagebuilder::v1::Build to_wire(const build_summary& summary);
/// A build with its attempts and steps.
imagebuilder::v1::Build to_wire(const build_description& build);

/// What a build in a list said last: only its channel knows.
void add_latest(const status_update& latest, imagebuilder::v1::Build& build);

} // namespace ib
