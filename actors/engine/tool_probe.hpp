#pragma once

#include "actors/engine/local_context.hpp"

namespace ib {

/// Finds out by trying how buildah works here: builds a tiny image with each combination of isolation and
/// storage driver, the preferred one first, and takes the first that works. Removes what a killed predecessor
/// left in the store before.
io::task<result<build_tools>> probe_tools(const local_context& context);

} // namespace ib
