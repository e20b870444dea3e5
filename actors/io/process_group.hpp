#pragma once

#include "actors/domain/result.hpp"
#include "actors/io/process.hpp"
#include "actors/io/unique_fd.hpp"

#include <chrono>
#include <string>
#include <sys/types.h>
#include <vector>

namespace ib::io {

/// How the leader of a group ended.
struct leader_end {
  int exit_code = -1;
  int signal = 0;
};

/// What a child gets as its standard streams; it gets no other descriptor.
struct child_streams {
  int input = -1; ///< -1: empty
  int output = -1;
  int errors = -1;
};

/// How long the end of killed processes is waited for. Only one that hangs inside the kernel (a dead network
/// file system) needs longer than some milliseconds; waiting for that one for ever would hang the build too.
inline constexpr std::chrono::seconds killed_wait{5};

/// How often to look for killed members. A signal to a group is atomic with fork(), so nobody is born into it
/// after the kill: the second look only covers a process whose /proc entry was read while it changed.
inline constexpr int killed_looks = 2;

/// The processes of a killed group whose leader was reaped that still run, each by a descriptor that is
/// readable once it has ended. Those that were orphans of ours are reaped.
std::vector<unique_fd> killed_members(pid_t group);

/// A child that leads its own process group. Its destructor kills, reaps and waits for what nobody did
/// before: no path out of the runner, an exception included, leaves a process behind.
class process_group {
public:
  /// Starts `program` (absolute path) with the arguments and environment of `spec` and the given streams.
  static result<process_group> start(const process_spec& spec, const std::string& program,
                                     const child_streams& streams);

  process_group(process_group&& other) noexcept;
  process_group& operator=(process_group&&) = delete;
  ~process_group();

  /// The number of the group, which is its leader's.
  pid_t id() const { return leader_; }

  /// Readable once the leader has ended.
  int leader_fd() const { return leader_fd_.get(); }

  /// Sends a signal to every member. Only valid before `reap`: the leader, alive or not yet reaped, keeps
  /// the number of the group from being used again.
  void signal(int number) const;

  /// Kills whatever is left of the group and reaps the leader; blocks until that has ended. The others may
  /// still be dying: killed_members.
  leader_end reap();

private:
  process_group(pid_t leader, unique_fd leader_fd) : leader_(leader), leader_fd_(std::move(leader_fd)) {}

  pid_t leader_ = -1;
  unique_fd leader_fd_;
};

} // namespace ib::io
