#pragma once

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>

namespace ib::io {

/// What can be read of a file, nothing where it is none. Reading may fail behind the opening (a folder, a
/// process that has just ended), and iterators over a file's buffer would throw then.
inline std::string text_of_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return std::move(text).str();
}

} // namespace ib::io
