#include "actors/engine/leftovers.hpp"

#include "actors/io/log.hpp"
#include "actors/io/unique_fd.hpp"

#include <algorithm>
#include <cctype>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <poll.h>
#include <sstream>
#include <string>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <vector>

namespace ib {

namespace fs = std::filesystem;

namespace {

bool below(const std::string& path, const std::string& folder) {
  return path == folder || path.starts_with(folder + "/");
}

/// How long the end of killed processes is waited for. Only one that hangs inside the kernel takes long.
constexpr std::chrono::seconds killed_wait{5};

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

/// glibc 2.36 declares its own pidfd functions without extern "C", so they do not link in C++.
io::unique_fd open_pidfd(pid_t pid) {
  return io::unique_fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
}
void kill_by(const io::unique_fd& process) {
  ::syscall(SYS_pidfd_send_signal, process.get(), SIGKILL, nullptr, 0);
}

/// Each by a descriptor of its own, which leads to no other process that gets the number later.
std::vector<io::unique_fd> left_processes(const std::string& state) {
  std::vector<io::unique_fd> found;
  std::error_code failure;
  for (fs::directory_iterator entry("/proc", failure), end; !failure && entry != end;
       entry.increment(failure)) {
    auto name = entry->path().filename().string();
    if (!std::all_of(name.begin(), name.end(), [](unsigned char c) { return std::isdigit(c) != 0; }))
      continue;
    auto pid = static_cast<pid_t>(std::stol(name));
    if (pid == ::getpid() || !belongs_to(entry->path(), state)) continue;
    auto process = open_pidfd(pid);
    if (!process || !belongs_to(entry->path(), state)) continue; // ended, and the number is another's
    io::log_warning("killing a process that a former service left", {{"pid", name}});
    found.push_back(std::move(process));
  }
  return found;
}

/// Until they are gone: they would write to folders and hold mounts that are removed next. One that was just
/// forking shows its child at another look.
void kill_processes(const std::string& state) {
  auto deadline = std::chrono::steady_clock::now() + killed_wait;
  for (auto left = left_processes(state); !left.empty(); left = left_processes(state)) {
    for (const auto& process : left)
      kill_by(process);
    for (const auto& process : left) {
      auto rest =
          std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
      pollfd waiting{process.get(), POLLIN, 0};
      ::poll(&waiting, 1, static_cast<int>(std::max<int64_t>(rest.count(), 0)));
    }
    if (std::chrono::steady_clock::now() >= deadline)
      return io::log_warning("some of them do not end in time");
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
  for (fs::directory_iterator entry(folder, failure), end; !failure && entry != end;
       entry.increment(failure)) {
    std::error_code ignored;
    fs::remove_all(entry->path(), ignored);
    if (ignored)
      io::log_warning("cannot remove what a former service left: " + ignored.message(),
                      {{"path", entry->path().string()}});
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
