#pragma once

#include "actors/domain/result.hpp"
#include "actors/io/child_pipes.hpp"
#include "actors/io/process.hpp"
#include "actors/io/process_group.hpp"

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace ib::io {

/// One child process with its pipes, from start to end. It waits for nothing: its owner watches descriptors
/// and clock, and calls what they make necessary.
class child {
public:
  /// Where its output comes from: stderr and stdout, or stderr alone beside a captured stdout.
  enum class pipe : uint8_t { merged, captured };
  static constexpr std::array pipes{pipe::merged, pipe::captured};

  static result<std::unique_ptr<child>> start(process_spec spec, const std::string& program);
  child(const child&) = delete;
  child& operator=(const child&) = delete;
  ~child() { hide(); }

  /// Readable once the leader has ended.
  int leader_fd() const { return group_.leader_fd(); }
  /// -1 where it is closed.
  int fd_of(pipe which) const { return end_of(which).get(); }
  std::chrono::milliseconds kill_grace() const { return kill_grace_; }
  std::chrono::milliseconds time_limit() const { return time_limit_; }

  /// Signals the whole group; before `bury`.
  void signal(int number) const { group_.signal(number); }
  /// Asks the group to end.
  void ask_to_stop();

  /// What a fault or a full gate keeps from being read.
  bool is_held(pipe which) const;
  /// True where whoever was held back by the gate may go on.
  bool has_room() const;
  /// True while an injected fault keeps all pipes from being read.
  bool is_held_by_fault() const;

  /// Reads a pipe once; false at its end.
  bool read(pipe which, std::span<char> scratch);
  void close(pipe which) { end_of(which).reset(); }
  /// True once nothing more is to be read: it wrote too much, or its reader failed. The group is to be
  /// killed.
  bool has_failed() const { return failure_.has_value(); }
  /// Its end is this error, whatever else it came to.
  void fail(error why);

  /// The leader has ended: kills and reaps the group.
  void bury();
  /// Members of the group that still die; see killed_members.
  std::vector<unique_fd> dying_members() const { return killed_members(number_); }
  /// Reads what was in the pipes when this was called first, and gives all on. Not more than that: a process
  /// that left the group may hold a pipe open, and write to it, for ever. False where the gate is full: to be
  /// called again when it has room.
  bool drain(std::span<char> scratch);

  /// How it ended; at the very end.
  result<process_result> take_result();

private:
  child(process_spec spec, const std::string& program, process_group group, unique_fd merged,
        unique_fd captured);

  unique_fd& end_of(pipe which) { return which == pipe::merged ? merged_ : captured_; }
  const unique_fd& end_of(pipe which) const { return which == pipe::merged ? merged_ : captured_; }
  ssize_t read_once(pipe which, std::span<char> scratch);
  void capture(std::string_view bytes);
  void hide();

  process_group group_;
  pid_t number_; ///< of the group
  unique_fd merged_;
  unique_fd captured_;
  line_cutter lines_;
  const output_gate* gate_;
  fault_points* faults_;
  std::chrono::milliseconds kill_grace_;
  std::chrono::milliseconds time_limit_;
  size_t max_captured_;
  std::string program_;
  std::optional<std::array<size_t, 2>> left_; ///< to be read by drain(), of each pipe
  std::optional<error> failure_;
  process_result end_;
};

} // namespace ib::io
