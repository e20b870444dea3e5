#pragma once

#include "actors/engine/local_context.hpp"

#include <string>
#include <utility>

namespace ib {

/// The variable by which every child process of a build is recognised when its service was killed.
std::pair<std::string, std::string> state_mark(const engine_folders& folders);

/// Removes what a predecessor that was killed left behind below the state folders: processes, mounts, folders
/// of builds, run-time state of the store. To be called before any run, by the holder of the state lock.
void clean_leftovers(const engine_folders& folders);

/// Holds the state directory for this process; failed_precondition, naming the holder's process id, where
/// another one has it.
class state_lock {
public:
  static result<state_lock> take(const std::filesystem::path& state_directory);
  state_lock(state_lock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  state_lock& operator=(state_lock&&) = delete;
  ~state_lock();

private:
  explicit state_lock(int fd) : fd_(fd) {}
  int fd_;
};

} // namespace ib
