#pragma once

#include "tools/imgctl/watch/columns.hpp"
#include "tools/imgctl/watch/house.hpp"

#include <optional>
#include <string>
#include <vector>

namespace ib::imgctl {

/// Everything that goes on, as lines. With `height` at most so many: what does not fit is counted instead of
/// shown. `link`: words about the connection, empty where it is well.
std::vector<std::string> draw_top(const house& now, const canvas& on, std::optional<size_t> height,
                                  const std::string& link);

} // namespace ib::imgctl
