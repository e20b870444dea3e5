#pragma once

#include "tests/support/temp_dir.hpp"

#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <unistd.h>

namespace ib::test {

/// Collects what this process writes to its standard error, the log, for as long as it lives.
class captured_stderr {
public:
  captured_stderr() : before_(::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)) {
    int file = ::open((folder_ / "log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (before_ < 0 || file < 0 || ::dup2(file, STDERR_FILENO) < 0)
      throw std::runtime_error("cannot capture the standard error");
    ::close(file);
  }
  ~captured_stderr() {
    ::dup2(before_, STDERR_FILENO);
    ::close(before_);
  }
  captured_stderr(const captured_stderr&) = delete;
  captured_stderr& operator=(const captured_stderr&) = delete;

  std::string text() const {
    std::ifstream file(folder_ / "log");
    return {std::istreambuf_iterator<char>(file), {}};
  }

private:
  temp_dir folder_;
  int before_ = -1;
};

} // namespace ib::test
