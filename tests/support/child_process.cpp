#include "tests/support/child_process.hpp"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <spawn.h>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace ib::test {

namespace {

pid_t spawn(std::vector<std::string> argv, int output) {
  std::vector<char*> arguments;
  for (auto& text : argv)
    arguments.push_back(text.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
  pid_t pid = -1;
  int failure = posix_spawnp(&pid, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  return failure == 0 ? pid : -1;
}

int wait_for(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

} // namespace

child_process::child_process(std::vector<std::string> argv) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("cannot make a pipe");
  auto name = argv.at(0);
  argv.insert(argv.begin(), {"setpriv", "--pdeathsig", "KILL", "--"});
  pid_ = spawn(std::move(argv), ends[1]);
  ::close(ends[1]);
  if (pid_ < 0) {
    ::close(ends[0]);
    throw std::runtime_error("cannot start " + name);
  }
  reader_ = std::thread([this, descriptor = ends[0]] { collect(descriptor); });
}

child_process::~child_process() {
  kill();
  reader_.join();
}

void child_process::kill() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  wait_for(pid_);
  pid_ = -1;
}

void child_process::collect(int descriptor) {
  char buffer[4096];
  for (;;) {
    auto count = ::read(descriptor, buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    std::lock_guard guard(mutex_);
    if (count > 0) output_.append(buffer, static_cast<size_t>(count));
    ended_ = count <= 0;
    changed_.notify_all();
    if (ended_) break;
  }
  ::close(descriptor);
}

std::string child_process::wait_for_output(const std::string& text, size_t from) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, std::chrono::seconds(20),
                    [&] { return ended_ || output_.find(text, from) != std::string::npos; });
  return output_;
}

std::string child_process::output() {
  std::lock_guard guard(mutex_);
  return output_;
}

std::string listening_domain(child_process& server) {
  const std::string announcement = "listening on ";
  auto log = server.wait_for_output(announcement);
  auto at = log.find(announcement);
  if (at == std::string::npos) throw std::runtime_error("the server did not start: " + log);
  at += announcement.size();
  log = server.wait_for_output("\n", at);
  return log.substr(at, log.find_first_not_of("0123456789.:[]", at) - at);
}

std::string run_program(std::vector<std::string> argv) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("cannot make a pipe");
  auto name = argv.at(0);
  auto pid = spawn(std::move(argv), ends[1]);
  ::close(ends[1]);
  std::string output;
  char buffer[4096];
  for (ssize_t count = 1; pid > 0 && count > 0;) {
    count = ::read(ends[0], buffer, sizeof buffer);
    if (count > 0) output.append(buffer, static_cast<size_t>(count));
  }
  ::close(ends[0]);
  if (pid < 0 || wait_for(pid) != 0) throw std::runtime_error(name + " failed: " + output);
  return output;
}

} // namespace ib::test
