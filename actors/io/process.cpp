#include "actors/io/process.hpp"

#include "actors/io/child_table.hpp"

#include <cstdlib>
#include <exception>
#include <filesystem>
#include <optional>
#include <unistd.h>
#include <utility>

namespace ib::io {

namespace {

bool is_program(const std::filesystem::path& path) {
  std::error_code failed;
  return std::filesystem::is_regular_file(path, failed) && ::access(path.c_str(), X_OK) == 0;
}

} // namespace

std::string find_program(std::string_view name) {
  if (name.empty() || name.find('\0') != std::string_view::npos) return {};
  if (name.find('/') != std::string_view::npos) {
    std::error_code failed;
    auto path = std::filesystem::absolute(name, failed);
    return !failed && is_program(path) ? path.string() : std::string();
  }
  const char* set = std::getenv("PATH");
  std::string_view rest = set ? set : "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  while (!rest.empty()) {
    auto folder = rest.substr(0, rest.find(':'));
    rest.remove_prefix(std::min(rest.size(), folder.size() + 1));
    // An empty or relative entry would mean the working directory, which may be somebody's checkout.
    if (folder.empty() || folder.front() != '/') continue;
    auto path = std::filesystem::path(folder) / name;
    if (is_program(path)) return path.string();
  }
  return {};
}

result<process_result> run_process(const process_spec& spec, std::stop_token stop) try {
  auto here = spec;
  here.gate = nullptr; // nobody would know where to tell that there is room
  child_table table;
  std::optional<result<process_result>> outcome;
  table.run(std::move(here), std::move(stop),
            [&](result<process_result> end) { outcome.emplace(std::move(end)); });
  while (!outcome)
    table.turn();
  return std::move(*outcome);
} catch (const std::exception& failure) {
  return error{error_code::internal, std::string("cannot run a child process: ") + failure.what()};
}

} // namespace ib::io
