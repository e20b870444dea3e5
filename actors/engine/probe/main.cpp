// A static program that does what nearly every Dockerfile's commands do: the command with which the local
// engine tries out whether a way of isolating works here.
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <unistd.h>

int main() {
  // Package managers give files to users of the image. Without a range of ids for that (/etc/subuid) commands
  // run, and fail there.
  if (::chown("/probe", 1234, 1234) != 0) {
    std::fprintf(stderr, "probe: a file cannot be given to another user: %s\n", std::strerror(errno));
    return 1;
  }
  return 0;
}
