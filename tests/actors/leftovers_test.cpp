#include "actors/engine/leftovers.hpp"

#include "tests/support/temp_dir.hpp"

#include <catch2/catch.hpp>

#include <csignal>
#include <fstream>
#include <optional>
#include <spawn.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

using namespace ib;
using namespace ib::test;

namespace fs = std::filesystem;

namespace {

/// A process that sleeps, with nothing but one variable in its environment; ended at the end.
class sleeper {
public:
  explicit sleeper(std::string variable, std::vector<std::string> words = {"/bin/sleep", "1000"}) {
    std::vector<char*> arguments;
    for (auto& word : words)
      arguments.push_back(word.data());
    arguments.push_back(nullptr);
    std::vector<char*> environment{variable.data(), nullptr};
    // Returns once the child is that program, with that environment.
    REQUIRE(::posix_spawn(&pid_, arguments[0], nullptr, nullptr, arguments.data(), environment.data()) == 0);
  }
  sleeper(const sleeper&) = delete;
  sleeper& operator=(const sleeper&) = delete;
  ~sleeper() {
    if (!ended_by()) ::kill(pid_, SIGKILL);
    if (!reaped_) ::waitpid(pid_, nullptr, 0);
  }

  /// The signal that ended it; nothing where it lives.
  std::optional<int> ended_by() {
    int status = 0;
    if (reaped_ || ::waitpid(pid_, &status, WNOHANG) != pid_) return signal_;
    reaped_ = true;
    if (WIFSIGNALED(status)) signal_ = WTERMSIG(status);
    return signal_;
  }

private:
  pid_t pid_ = -1;
  bool reaped_ = false;
  std::optional<int> signal_;
};

/// How many processes have a variable in their environment.
int marked_processes(const std::string& variable) {
  int count = 0;
  std::error_code failure;
  for (fs::directory_iterator entry("/proc", failure), end; !failure && entry != end;
       entry.increment(failure)) {
    std::ifstream file(entry->path() / "environ", std::ios::binary);
    std::string found;
    while (found != variable && std::getline(file, found, '\0')) {
    }
    if (found == variable) ++count;
  }
  return count;
}

std::string mark_of(const engine_folders& folders) {
  auto [name, value] = state_mark(folders);
  return name + "=" + value;
}

} // namespace

TEST_CASE("processes and folders of a killed predecessor go, all others stay", "[leftovers]") {
  temp_dir folder;
  auto folders = make_engine_folders(folder.path() / "state");
  REQUIRE(folders);
  sleeper ours(mark_of(*folders));
  sleeper stranger("SOMETHING=else");
  sleeper neighbour(mark_of(*folders) + "-of-another-service");
  fs::create_directories(folders->builds / "b1-1" / "context");
  std::ofstream(folders->runtime / "lock") << "old";
  std::ofstream(folders->storage / "layer") << "kept";
  clean_leftovers(*folders);
  // Gone, not going: its folders and mounts were removed after it.
  CHECK(ours.ended_by() == SIGKILL);
  CHECK_FALSE(stranger.ended_by());
  CHECK_FALSE(neighbour.ended_by());
  CHECK(fs::is_empty(folders->builds));
  CHECK(fs::is_empty(folders->runtime));
  CHECK(fs::exists(folders->storage / "layer"));
}

TEST_CASE("a process that goes on forking is gone with all of its children", "[leftovers]") {
  temp_dir folder;
  auto folders = make_engine_folders(folder.path() / "state");
  REQUIRE(folders);
  auto mark = mark_of(*folders);
  sleeper shell(mark, {"/bin/sh", "-c", "while :; do sleep 1000 & sleep 0.001; done"});
  while (marked_processes(mark) < 5) {
  }
  clean_leftovers(*folders);
  CHECK(shell.ended_by() == SIGKILL);
  CHECK(marked_processes(mark) == 0);
}

TEST_CASE("a state folder behind a symbolic link has its name without it", "[leftovers]") {
  temp_dir folder;
  auto real = fs::canonical(folder.path()) / "real";
  fs::create_directory(real);
  fs::create_directory_symlink(real, folder.path() / "link");
  auto folders = make_engine_folders(folder.path() / "link");
  REQUIRE(folders);
  CHECK(folders->state == real);
  CHECK(folders->builds == real / "builds");
  CHECK(state_mark(*folders).second == real.string());
}

TEST_CASE("a state folder has one holder, which the second one hears of", "[leftovers]") {
  temp_dir folder;
  {
    auto first = state_lock::take(folder.path());
    REQUIRE(first);
    auto second = state_lock::take(folder.path());
    REQUIRE_FALSE(second);
    CHECK(second.error().message.find("in use by process " + std::to_string(::getpid())) !=
          std::string::npos);
  }
  CHECK(state_lock::take(folder.path()));
}
