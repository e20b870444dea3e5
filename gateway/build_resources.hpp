#pragma once

#include "actors/build_listing.hpp"

#include <imagebuilder/v1/builds.pb.h>

#include <optional>

namespace ib {

/// From the domain to the wire of the extension service. Texts that come from tools are made UTF-8. Pure;
/// to_wire() fills a message that is empty.

imagebuilder::v1::Build::State to_wire(build_state state);
/// The other way; nothing for what is no state of a build.
std::optional<build_state> to_state(int state);

void to_wire(const status_update& update, imagebuilder::v1::Step& to);
/// With attempts and steps where the view has steps; lists show builds without.
void to_wire(const build_view& build, imagebuilder::v1::Build& to);

/// What a build in a list said last: only its channel knows.
void add_latest(const status_update& latest, imagebuilder::v1::Build& build);

} // namespace ib
