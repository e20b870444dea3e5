#include "tools/imgctl/terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

namespace ib::imgctl {
namespace {

size_t current_width() {
  constexpr size_t usual = 80;
  winsize size{};
  return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : usual;
}

size_t current_height() {
  constexpr size_t usual = 24;
  winsize size{};
  return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 ? size.ws_row : usual;
}

bool is_utf8(const environment& env) {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const auto value = env(name);
    if (!value || value->empty()) continue;
    return value->find("UTF-8") != std::string::npos || value->find("utf8") != std::string::npos ||
           value->find("utf-8") != std::string::npos;
  }
  return false;
}

} // namespace

terminal find_terminal(bool no_color, const environment& env) {
  terminal found;
  const auto term = env("TERM");
  found.live = ::isatty(STDOUT_FILENO) != 0 && term && !term->empty() && *term != "dumb";
  const auto disliked = env("NO_COLOR");
  found.color = found.live && !no_color && (!disliked || disliked->empty());
  found.unicode = is_utf8(env);
  found.width = current_width;
  found.height = current_height;
  return found;
}

} // namespace ib::imgctl
