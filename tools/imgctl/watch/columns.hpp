#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace ib::imgctl {

/// How texts are drawn. `width` empty: nothing is cut off.
struct canvas {
  std::optional<size_t> width;
  bool color = false;
  bool unicode = false;
};

/// What a cell means, which is its colour.
enum class tone { plain, dim, good, warn, bad, accent, heading };

struct cell {
  std::string text; ///< safe for a terminal
  tone kind = tone::plain;
};

std::string paint(const canvas& on, tone kind, const std::string& text);

/// A table whose columns are as wide as their widest cell, but for one that takes what is left.
struct columns {
  std::vector<std::string> heading;
  std::vector<bool> to_the_right; ///< as numbers are
  size_t elastic = 0;             ///< the column that is cut where the width is not enough
};

/// The heading and a line for each row, none of them wider than the canvas.
std::vector<std::string> draw_table(const columns& how, const std::vector<std::vector<cell>>& rows,
                                    const canvas& on);

/// The last values of a series as a line of bars, `width` columns wide.
std::string sparkline(const std::vector<double>& points, size_t width, bool unicode);

/// "1.5 KiB".
std::string in_bytes(double count);
/// "12", "3.4", "12.0k", "1.2M".
std::string in_short(double value);
/// "850ms", "42s", "3m05s", "2h10m", "4d03h".
std::string in_time(int64_t ms);

} // namespace ib::imgctl
