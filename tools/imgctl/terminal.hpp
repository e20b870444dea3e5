#pragma once

#include "tools/imgctl/files.hpp"

#include <cstddef>
#include <functional>

namespace ib::imgctl {

/// What standard output is, as far as drawing on it goes.
struct terminal {
  bool live = false;              ///< a terminal that can move its cursor
  bool color = false;             ///< colours are understood and wanted
  bool unicode = false;           ///< the locale is UTF-8
  std::function<size_t()> width;  ///< columns at this moment; the user may resize it
  std::function<size_t()> height; ///< lines at this moment
};

/// Looks at standard output and the environment (TERM, NO_COLOR, LC_ALL, LC_CTYPE, LANG).
terminal find_terminal(bool no_color, const environment& env);

} // namespace ib::imgctl
