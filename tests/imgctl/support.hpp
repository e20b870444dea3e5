#pragma once

#include "tools/imgctl/output.hpp"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace ib::imgctl::testing {

/// Keeps what an output writes.
struct memory_sink final : sink {
  std::string stdout_bytes;
  std::string stderr_bytes;
  void out(std::string_view bytes) override { stdout_bytes += bytes; }
  void err(std::string_view bytes) override { stderr_bytes += bytes; }
};

/// A file with the given content that goes away with this object.
class temporary_file {
public:
  explicit temporary_file(const std::string& content) {
    std::string name = (std::filesystem::temp_directory_path() / "imgctl-test-XXXXXX").string();
    const int descriptor = ::mkstemp(name.data());
    if (descriptor >= 0) ::close(descriptor);
    path_ = name;
    std::ofstream(path_) << content;
  }
  ~temporary_file() {
    std::error_code ignored; // nothing a destructor could do about it
    std::filesystem::remove(path_, ignored);
  }
  temporary_file(const temporary_file&) = delete;
  temporary_file& operator=(const temporary_file&) = delete;
  const std::string& path() const { return path_; }

private:
  std::string path_;
};

/// Points in time by milliseconds since the start of a test.
inline time_point at(int ms) { return time_point{} + std::chrono::hours(1) + std::chrono::milliseconds(ms); }

inline builder::BuildResponse running(const std::string& message, const std::string& build_id = "id-1") {
  builder::BuildResponse response;
  response.set_status(builder::running);
  response.set_message(message);
  response.mutable_info()->set_build_id(build_id);
  return response;
}

inline builder::BuildResponse done(builder::BuildStatus status, const std::string& message = "") {
  builder::BuildResponse response;
  response.set_status(status);
  response.set_message(message);
  response.set_ref("reg/workspace:1");
  response.set_base_ref("reg/base:1");
  return response;
}

} // namespace ib::imgctl::testing
