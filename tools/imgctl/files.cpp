#include "tools/imgctl/files.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

namespace ib::imgctl {

std::optional<std::string> process_environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

outcome<std::string> read_input(const std::string& flag, const std::string& path) {
  constexpr size_t largest = 16 << 20;
  const bool standard = path == "-";
  const std::unique_ptr<FILE, int (*)(FILE*)> file(standard ? stdin : std::fopen(path.c_str(), "rb"),
                                                   [](FILE* f) { return f == stdin ? 0 : std::fclose(f); });
  if (!file) return usage_error(flag + ": cannot open " + path + ": " + std::strerror(errno));
  std::string content;
  std::array<char, 64 << 10> buffer{};
  for (size_t n = 0; (n = std::fread(buffer.data(), 1, buffer.size(), file.get())) > 0;) {
    content.append(buffer.data(), n);
    if (content.size() > largest) return usage_error(flag + ": " + path + " is larger than 16 MiB");
  }
  if (std::ferror(file.get()) != 0)
    return usage_error(flag + ": cannot read " + path + ": " + std::strerror(errno));
  return content;
}

} // namespace ib::imgctl
