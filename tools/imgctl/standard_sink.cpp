#include "tools/imgctl/standard_sink.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <poll.h>

namespace ib::imgctl {
namespace {

/// 0, or the errno of what failed.
int write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto n = ::write(descriptor, bytes.data(), bytes.size());
    if (n >= 0) {
      bytes.remove_prefix(static_cast<size_t>(n));
    } else if (errno == EAGAIN) { // a descriptor that another program made non-blocking
      pollfd ready{descriptor, POLLOUT, 0};
      ::poll(&ready, 1, -1);
    } else if (errno != EINTR) {
      return errno;
    }
  }
  return 0;
}

} // namespace

void standard_sink::out(std::string_view bytes) {
  if (fault_ == 0) fault_ = write_all(STDOUT_FILENO, bytes);
}

void standard_sink::err(std::string_view bytes) { write_all(STDERR_FILENO, bytes); }

int standard_sink::close(int status) {
  if (fault_ == 0) return status;
  return report(
      {exit_code::failed, std::string("cannot write to standard output: ") + std::strerror(fault_)});
}

int report(const failure& why) {
  write_all(STDERR_FILENO, "imgctl: " + why.message + "\n");
  return static_cast<int>(why.code);
}

} // namespace ib::imgctl
