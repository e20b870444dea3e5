#include "actors/io/process_stats.hpp"

#include "actors/io/file_text.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <sys/resource.h>
#include <system_error>
#include <unistd.h>
#include <vector>

namespace ib::io {

namespace fs = std::filesystem;

namespace {

// Fields of /proc/PID/stat after the command's name, as proc(5) numbers them from 3 on.
enum stat_field : size_t {
  parent = 4,
  user_ticks = 14,
  system_ticks,
  start_ticks = 22,
  virtual_size,
  resident_pages
};

/// The numbers of a stat file; index 0 is field 3, which is no number and 0 here. The name before them is in
/// parentheses and may itself hold any of them.
std::vector<uint64_t> stat_numbers(std::string_view text) {
  std::vector<uint64_t> numbers;
  auto at = text.rfind(')');
  if (at == std::string_view::npos) return numbers;
  text.remove_prefix(at + 1);
  while (!text.empty()) {
    text.remove_prefix(std::min(text.find_first_not_of(" \n"), text.size()));
    auto word = text.substr(0, text.find_first_of(" \n"));
    uint64_t number = 0;
    std::from_chars(word.data(), word.data() + word.size(), number);
    if (!word.empty()) numbers.push_back(number);
    text.remove_prefix(word.size());
  }
  return numbers;
}

uint64_t field(const std::vector<uint64_t>& numbers, stat_field which) {
  return which - 3 < numbers.size() ? numbers[which - 3] : 0;
}

/// When the machine was started, in unix seconds.
double boot_time() {
  std::ifstream file("/proc/stat");
  std::string name;
  for (std::string line; file >> name && std::getline(file, line);)
    if (name == "btime") return std::stod(line);
  return 0;
}

size_t count_children() {
  auto me = static_cast<uint64_t>(::getpid());
  size_t count = 0;
  std::error_code failure;
  for (const auto& entry : fs::directory_iterator("/proc", failure)) {
    auto name = entry.path().filename().string();
    if (!std::all_of(name.begin(), name.end(), [](unsigned char c) { return std::isdigit(c) != 0; }))
      continue;
    if (field(stat_numbers(text_of_file(entry.path() / "stat")), parent) == me) ++count;
  }
  return count;
}

size_t count_open_fds() {
  std::error_code failure;
  fs::directory_iterator entries("/proc/self/fd", failure);
  auto count = static_cast<size_t>(std::distance(entries, fs::directory_iterator()));
  return count > 0 ? count - 1 : 0; // one of them is this look
}

template <class Resource>
uint64_t limit_of(Resource resource) {
  rlimit limit{};
  return ::getrlimit(resource, &limit) == 0 ? limit.rlim_cur : 0;
}

size_t resident_of(const std::vector<uint64_t>& numbers) {
  return field(numbers, resident_pages) * static_cast<size_t>(std::max(::sysconf(_SC_PAGESIZE), 1L));
}

} // namespace

size_t resident_bytes() { return resident_of(stat_numbers(text_of_file("/proc/self/stat"))); }

process_stats read_process_stats() {
  process_stats stats;
  auto numbers = stat_numbers(text_of_file("/proc/self/stat"));
  auto ticks = static_cast<double>(std::max(::sysconf(_SC_CLK_TCK), 1L));
  stats.cpu_seconds = static_cast<double>(field(numbers, user_ticks) + field(numbers, system_ticks)) / ticks;
  stats.start_time = boot_time() + static_cast<double>(field(numbers, start_ticks)) / ticks;
  stats.virtual_bytes = field(numbers, virtual_size);
  stats.resident_bytes = resident_of(numbers);
  stats.open_fds = count_open_fds();
  stats.max_fds = limit_of(RLIMIT_NOFILE);
  stats.max_virtual_bytes = limit_of(RLIMIT_AS);
  stats.children = count_children();
  return stats;
}

} // namespace ib::io
