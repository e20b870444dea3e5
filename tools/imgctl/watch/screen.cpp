#include "tools/imgctl/watch/screen.hpp"

#include <array>
#include <unistd.h>
#include <utility>

namespace ib::imgctl {

screen::screen(sink& to) : to_(to) { enter(); }

screen::~screen() { leave(); }

void screen::enter() {
  if (std::exchange(entered_, true)) return;
  if (::isatty(STDIN_FILENO) != 0 && ::tcgetattr(STDIN_FILENO, &before_) == 0) {
    keys_ = STDIN_FILENO;
    auto by_key = before_;
    by_key.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO); // Ctrl-C stays a signal
    by_key.c_cc[VMIN] = 0;
    by_key.c_cc[VTIME] = 0;
    ::tcsetattr(STDIN_FILENO, TCSANOW, &by_key);
  }
  to_.out("\x1b[?1049h\x1b[?25l\x1b[2J"); // another screen, no cursor
}

void screen::leave() {
  if (!std::exchange(entered_, false)) return;
  to_.out("\x1b[?25h\x1b[?1049l");
  if (keys_ >= 0) ::tcsetattr(keys_, TCSANOW, &before_);
}

void screen::draw(const std::vector<std::string>& lines) {
  if (entered_) to_.out(picture(lines));
}

bool screen::wants_to_leave() const {
  if (keys_ < 0) return false;
  bool leave = false;
  std::array<char, 64> typed{};
  for (ssize_t n = 0; (n = ::read(keys_, typed.data(), typed.size())) > 0;)
    for (ssize_t i = 0; i < n; ++i)
      leave = leave || typed[static_cast<size_t>(i)] == 'q' || typed[static_cast<size_t>(i)] == 'Q';
  return leave;
}

std::string picture(const std::vector<std::string>& lines) {
  // In place of a clear screen, which flickers: each line is written over and its rest emptied.
  std::string out = "\x1b[H";
  for (size_t i = 0; i < lines.size(); ++i)
    out += (i == 0 ? "" : "\r\n") + lines[i] + "\x1b[K";
  return out + "\x1b[J";
}

} // namespace ib::imgctl
