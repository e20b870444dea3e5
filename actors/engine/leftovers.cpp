#include "actors/engine/leftovers.hpp"

#include "actors/io/log.hpp"

#include <algorithm>
#include <cctype>
#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <sstream>
#include <string>
#include <sys/file.h>
#include <sys/mount.h>
#include <unistd.h>
#include <vector>

namespace ib {

namespace fs = std::filesystem;

namespace {

bool below(const std::string& path, const std::string& folder) {
  return path == folder || path.starts_with(folder + "/");
}

constexpr const char* mark_name = "IMAGE_BUILDER_STATE";

/// A build's process is known by its environment (our tools) or by its root folder (commands of a
/// Dockerfile).
bool belongs_to(const fs::path& process, const std::string& state) {
  std::error_code failure;
  auto root = fs::read_symlink(process / "root", failure);
  if (!failure && below(root.string(), state)) return true;
  std::ifstream file(process / "environ", std::ios::binary);
  std::string variable;
  while (std::getline(file, variable, '\0'))
    if (variable == mark_name + ("=" + state)) return true;
  return false;
}

void kill_processes(const std::string& state) {
  std::error_code failure;
  for (const auto& entry : fs::directory_iterator("/proc", failure)) {
    auto name = entry.path().filename().string();
    if (!std::all_of(name.begin(), name.end(), [](unsigned char c) { return std::isdigit(c) != 0; }))
      continue;
    auto pid = static_cast<pid_t>(std::stol(name));
    if (pid == ::getpid() || !belongs_to(entry.path(), state)) continue;
    io::log_warning("killing a process that a former service left", {{"pid", name}});
    ::kill(pid, SIGKILL);
  }
}

/// Below the folders that builds mount in. These folders themselves, and the journal, may be volumes of the
/// machine's owner.
bool is_of_a_build(const std::string& point, const engine_folders& folders) {
  for (const auto& folder : {folders.builds, folders.storage, folders.runtime})
    if (below(point, folder.string()) && point != folder.string()) return true;
  return false;
}

void remove_mounts(const engine_folders& folders) {
  std::vector<std::string> points;
  std::ifstream file("/proc/self/mountinfo");
  for (std::string line; std::getline(file, line);) {
    std::istringstream fields(line);
    std::string skipped, point;
    fields >> skipped >> skipped >> skipped >> skipped >> point;
    if (is_of_a_build(point, folders)) points.push_back(point);
  }
  // Inner mounts were made later and are listed later.
  for (auto point = points.rbegin(); point != points.rend(); ++point) {
    io::log_warning("removing a mount that a former service left", {{"path", *point}});
    ::umount2(point->c_str(), MNT_DETACH);
  }
}

void empty_folder(const fs::path& folder) {
  std::error_code failure;
  for (const auto& entry : fs::directory_iterator(folder, failure)) {
    std::error_code ignored;
    fs::remove_all(entry.path(), ignored);
  }
}

} // namespace

std::pair<std::string, std::string> state_mark(const engine_folders& folders) {
  return {mark_name, folders.state.string()};
}

void clean_leftovers(const engine_folders& folders) {
  auto state = folders.state.string();
  kill_processes(state);
  remove_mounts(folders);
  empty_folder(folders.builds);
  empty_folder(folders.runtime);
}

result<state_lock> state_lock::take(const fs::path& state_directory) {
  auto path = state_directory / "lock";
  int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0)
    return error{error_code::failed_precondition, "cannot open " + path.string(), "local.stateDirectory", {}};
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    std::ifstream file(path);
    std::string holder;
    std::getline(file, holder);
    ::close(fd);
    return error{error_code::failed_precondition,
                 "the state folder " + state_directory.string() + " is in use by process " + holder +
                     "; stop that service or set local.stateDirectory",
                 "local.stateDirectory",
                 {}};
  }
  auto text = std::to_string(::getpid()) + "\n";
  if (::ftruncate(fd, 0) != 0 || ::pwrite(fd, text.data(), text.size(), 0) < 0)
    io::log_warning("cannot note the process id in " + path.string());
  return state_lock(fd);
}

state_lock::~state_lock() {
  if (fd_ >= 0) ::close(fd_);
}

} // namespace ib
