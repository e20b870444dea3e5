#pragma once

#include "tools/imgctl/watch/columns.hpp"
#include "tools/imgctl/watch/house.hpp"

#include <string>
#include <vector>

namespace ib::imgctl {

/// The tree of actors, one line each below a heading. `match`: only those whose path, kind or last error has
/// it in it, and then without the tree.
std::vector<std::string> draw_actors(const house& now, const std::string& match, const canvas& on);

/// The cells of one actor but for its name, and their columns.
columns actor_columns();
std::vector<cell> actor_cells(const house& now, const actor_row& actor, const std::string& name);

} // namespace ib::imgctl
