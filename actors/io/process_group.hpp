#pragma once

#include "actors/domain/result.hpp"
#include "actors/io/process.hpp"
#include "actors/io/unique_fd.hpp"

#include <string>
#include <sys/types.h>

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

/// A child that leads its own process group. Its destructor kills and reaps what `finish` did not: no path
/// out of the runner, an exception included, leaves a process behind.
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

  /// Sends a signal to every member. Only valid before `finish`: the leader, alive or not yet reaped, keeps
  /// the number of the group from being used again.
  void signal(int number) const;

  /// Kills whatever is left of the group, waits until it is gone and reaps it. Blocks until the leader ends.
  leader_end finish();

private:
  process_group(pid_t leader, unique_fd leader_fd) : leader_(leader), leader_fd_(std::move(leader_fd)) {}

  pid_t leader_ = -1;
  unique_fd leader_fd_;
};

} // namespace ib::io
