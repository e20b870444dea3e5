#pragma once

#include "actors/io/actor_board.hpp"
#include "actors/io/fault_points.hpp"
#include "actors/io/fault_tally.hpp"

#include <array>
#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace ib::io {

/// Carries out the faults that somebody asks for (proto/imagebuilder/v1/faults.proto). Any thread. Where
/// there is no such actor or child the answer is not_found.
class fault_injector final : public fault_points {
public:
  explicit fault_injector(std::shared_ptr<actor_board> board) : board_(std::move(board)) {}

  /// Ends the actors of a path from outside; how many.
  result<size_t> kill_actor(const std::string& path);
  /// Makes the next `count` handlers of a path's actors throw.
  result<size_t> throw_in_actor(const std::string& path, uint32_t count, throw_moment when);
  /// Makes the mailbox of a path's actors stand still after each of the next `count` messages.
  result<size_t> hold_mailbox(const std::string& path, uint32_t count, std::chrono::milliseconds time);

  /// The next `count` operations meet this fault, after those that were planned before.
  void plan(fault_place place, uint32_t count, planned_fault fault);
  /// Nothing is planned any more, for actors, operations and pipes.
  void clear();

  /// Kills the process groups that work for a build now; how many.
  result<size_t> kill_child(const std::string& build_id);
  /// Nobody reads what the children of a build write, for a time.
  void hold_pipe(const std::string& build_id, std::chrono::milliseconds time);

  const actor_board& board() const { return *board_; }
  const fault_tally& tally() const { return board_->faults(); }

  planned_fault next(fault_place place) override;
  void child_started(pid_t group, const std::string& build_id) override;
  void child_ended(pid_t group) override;
  bool holds_pipe(pid_t group) override;

private:
  struct plan_entry {
    uint32_t left = 0;
    planned_fault fault;
  };

  std::shared_ptr<actor_board> board_;
  std::mutex mutex_;
  std::array<std::deque<plan_entry>, fault_places> plans_;
  std::map<pid_t, std::string> children_;                             ///< build ids
  std::map<std::string, std::chrono::steady_clock::time_point> held_; ///< builds whose pipes nobody reads
};

} // namespace ib::io
