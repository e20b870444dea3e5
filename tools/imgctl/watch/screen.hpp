#pragma once

#include "tools/imgctl/output.hpp"

#include <string>
#include <termios.h>
#include <vector>

namespace ib::imgctl {

/// The whole terminal, drawn again and again; when this goes the terminal is as it was. What one types is
/// read key by key and not shown.
class screen {
public:
  explicit screen(sink& to);
  ~screen();
  screen(const screen&) = delete;
  screen& operator=(const screen&) = delete;

  /// One line of the picture for each line of the terminal, from the top; the rest is emptied.
  void draw(const std::vector<std::string>& lines);

  /// Standard input, where keys are read from; -1 where it is no terminal.
  int keys() const { return keys_; }
  /// True where a key that leaves was pressed.
  bool wants_to_leave() const;

  /// Gives the terminal back and takes it again, around a stop by Ctrl-Z.
  void leave();
  void enter();

private:
  sink& to_;
  int keys_ = -1;
  bool entered_ = false;
  termios before_{};
};

/// What draw() writes. Pure.
std::string picture(const std::vector<std::string>& lines);

} // namespace ib::imgctl
