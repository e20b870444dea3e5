#pragma once

#include "actors/io/credential_helper.hpp"
#include "tests/support/temp_dir.hpp"

#include <fcntl.h>
#include <fstream>
#include <stdexcept>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

namespace ib::test {

/// A folder of credential helpers, each a shell script.
class helper_scripts {
public:
  /// Makes `docker-credential-<name>`.
  void write(const std::string& name, const std::string& body) const {
    auto file = folder_ / ("docker-credential-" + name);
    std::ofstream(file) << "#!/bin/sh\n" << body << "\n";
    std::filesystem::permissions(file, std::filesystem::perms::owner_all);
  }

  /// A helper that knows one user for every server: its name, with the server as password.
  void write_answering(const std::string& name) const {
    write(name, R"sh(printf '{"ServerURL":"x","Username":")sh" + name + R"sh(","Secret":"%s"}' "$(cat)")sh");
  }

  io::helper_settings settings() const {
    io::helper_settings how;
    how.directories = {folder_.path().string()};
    how.environment = {{"PATH", "/usr/bin:/bin"}, {"FOLDER", folder_.path().string()}};
    how.time_limit = std::chrono::seconds(60);
    return how;
  }

  const temp_dir& folder() const { return folder_; }

private:
  temp_dir folder_;
};

/// A gate that shell scripts wait at by `read line < GATE`.
class script_gate {
public:
  explicit script_gate(const std::filesystem::path& path) {
    if (::mkfifo(path.c_str(), 0600) != 0) throw std::runtime_error("cannot make a FIFO");
    pipe_ = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
    if (pipe_ < 0) throw std::runtime_error("cannot open a FIFO");
  }
  ~script_gate() { ::close(pipe_); }
  script_gate(const script_gate&) = delete;
  script_gate& operator=(const script_gate&) = delete;

  /// Lets one script go on.
  void open() const {
    if (::write(pipe_, "\n", 1) != 1) throw std::runtime_error("cannot write to a FIFO");
  }

private:
  int pipe_ = -1;
};

} // namespace ib::test
