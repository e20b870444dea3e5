#include "actors/io/process_group.hpp"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace ib::io {

namespace {

/// glibc 2.36 declares its own pidfd_open without extern "C", so it does not link in C++.
unique_fd open_pidfd(pid_t pid) { return unique_fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))); }

error start_failure(const std::string& program, int errno_value) {
  return {error_code::internal, "cannot start " + program + ": " + std::strerror(errno_value)};
}

/// What posix_spawn wants, with its clean-up.
class spawn_plan {
public:
  spawn_plan() {
    posix_spawn_file_actions_init(&actions_);
    posix_spawnattr_init(&attributes_);
  }
  spawn_plan(const spawn_plan&) = delete;
  spawn_plan& operator=(const spawn_plan&) = delete;
  ~spawn_plan() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }

  int set_streams(const child_streams& streams) {
    auto failed = streams.input < 0
                      ? posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
                      : posix_spawn_file_actions_adddup2(&actions_, streams.input, STDIN_FILENO);
    if (!failed) failed = posix_spawn_file_actions_adddup2(&actions_, streams.output, STDOUT_FILENO);
    if (!failed) failed = posix_spawn_file_actions_adddup2(&actions_, streams.errors, STDERR_FILENO);
    if (!failed) failed = posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1);
    return failed;
  }

  int set_directory(const std::string& directory) {
    return directory.empty() ? 0 : posix_spawn_file_actions_addchdir_np(&actions_, directory.c_str());
  }

  /// Own group; the service's ignored signals (SIGPIPE) and blocked ones are not the child's.
  int set_attributes() {
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    auto failed = posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                                             POSIX_SPAWN_SETSIGDEF);
    if (!failed) failed = posix_spawnattr_setpgroup(&attributes_, 0);
    if (!failed) failed = posix_spawnattr_setsigmask(&attributes_, &none);
    if (!failed) failed = posix_spawnattr_setsigdefault(&attributes_, &all);
    return failed;
  }

  int run(pid_t& pid, const std::vector<char*>& argv, const std::vector<char*>& environment) {
    return posix_spawn(&pid, argv[0], &actions_, &attributes_, argv.data(), environment.data());
  }

private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (auto& text : texts)
    pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<std::string> environment_of(const process_spec& spec) {
  std::vector<std::string> texts;
  for (const auto& [name, value] : spec.environment) {
    auto text = name;
    text.append("=").append(value);
    texts.push_back(std::move(text));
  }
  return texts;
}

/// The process group in a line of /proc/PID/stat, 0 where it cannot be told, or where the process is a
/// zombie. The second field is the program's name in parentheses and may hold anything, so the last ')'
/// counts.
pid_t living_group_of(const std::string& stat) {
  auto end = stat.rfind(')');
  if (end == std::string::npos) return 0;
  char state = 0;
  int parent = 0;
  int group = 0;
  if (std::sscanf(stat.c_str() + end + 1, " %c %d %d", &state, &parent, &group) != 3) return 0;
  return state == 'Z' || state == 'X' ? 0 : group;
}

std::vector<unique_fd> living_members(pid_t group) {
  std::vector<unique_fd> members;
  std::error_code failed;
  for (std::filesystem::directory_iterator entry("/proc", failed), end; !failed && entry != end;
       entry.increment(failed)) {
    auto name = entry->path().filename().string();
    if (!std::isdigit(static_cast<unsigned char>(name[0]))) continue;
    std::string stat;
    std::getline(std::ifstream(entry->path() / "stat"), stat);
    if (living_group_of(stat) != group) continue;
    auto member = open_pidfd(std::atoi(name.c_str()));
    if (member) members.push_back(std::move(member));
  }
  return members;
}

} // namespace

result<process_group> process_group::start(const process_spec& spec, const std::string& program,
                                           const child_streams& streams) {
  // posix_spawn cannot set the parent-death signal, so setpriv does it and becomes the program. The kernel
  // sends the signal when the spawning *thread* ends: that is the one which waits for the child.
  auto setpriv = find_program("setpriv");
  if (setpriv.empty())
    return error{error_code::failed_precondition,
                 "cannot start " + program + ": setpriv (package util-linux) is not installed"};
  std::vector<std::string> arguments{setpriv, "--pdeathsig", "KILL", "--", program};
  arguments.insert(arguments.end(), spec.argv.begin() + 1, spec.argv.end());
  auto environment = environment_of(spec);

  spawn_plan plan;
  pid_t pid = -1;
  auto failed = plan.set_streams(streams);
  if (!failed) failed = plan.set_directory(spec.directory);
  if (!failed) failed = plan.set_attributes();
  if (!failed) failed = plan.run(pid, pointers_to(arguments), pointers_to(environment));
  if (failed) return start_failure(program, failed);

  process_group started(pid, open_pidfd(pid));
  if (!started.leader_fd_) return start_failure(program, errno);
  return started;
}

process_group::process_group(process_group&& other) noexcept
    : leader_(std::exchange(other.leader_, -1)), leader_fd_(std::move(other.leader_fd_)) {}

process_group::~process_group() {
  if (leader_ < 0) return;
  auto group = leader_;
  signal(SIGKILL);
  reap();
  auto deadline = std::chrono::steady_clock::now() + killed_wait;
  for (int look = 0; look < killed_looks; ++look)
    for (const auto& member : killed_members(group)) {
      auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
      pollfd waiting{member.get(), POLLIN, 0};
      ::poll(&waiting, 1, static_cast<int>(std::max<int64_t>(left.count(), 0)));
    }
}

void process_group::signal(int number) const { ::kill(-leader_, number); }

leader_end process_group::reap() {
  auto group = std::exchange(leader_, -1);
  siginfo_t info{};
  while (::waitid(P_PID, group, &info, WEXITED | WNOWAIT) != 0 && errno == EINTR) {
  }
  ::kill(-group, SIGKILL); // the zombie leader still holds the number of the group
  while (::waitid(P_PID, group, &info, WEXITED) != 0 && errno == EINTR) {
  }
  if (info.si_code == CLD_EXITED) return {info.si_status, 0};
  return {128 + info.si_status, info.si_status};
}

std::vector<unique_fd> killed_members(pid_t group) {
  // Where this process is the first of a container, or a subreaper, it inherits the orphans of the group.
  while (::waitpid(-group, nullptr, WNOHANG) > 0) {
  }
  // They are not our children, so their end shows only in their pidfds.
  return ::kill(-group, 0) == 0 ? living_members(group) : std::vector<unique_fd>();
}

} // namespace ib::io
