#pragma once

#include "actors/io/child.hpp"
#include "actors/io/work_queue.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <unordered_map>
#include <vector>

namespace ib::io {

/// All that one thread waits for: the output and the ends of children, stop requests, times. That thread
/// calls turn() again and again; the callbacks are called by it and must not block.
class child_table {
public:
  using clock = std::chrono::steady_clock;
  using ended = std::function<void(result<process_result>)>;
  using slept = std::function<void(bool whole)>;

  child_table();
  child_table(const child_table&) = delete;
  child_table& operator=(const child_table&) = delete;

  /// Starts a child and calls `done`, once, when it is gone; see run_process.
  void run(process_spec spec, std::stop_token stop, ended done);
  /// Calls `done` with true after `duration`, with false as soon as a stop is requested.
  void wait(std::chrono::milliseconds duration, std::stop_token stop, slept done);
  /// Waits until something happens and deals with it.
  void turn();
  /// Ends everything that runs or waits, and what comes from now on; turn() is to be called until it is
  /// empty.
  void close();
  /// What is posted from now on is called at once, with false.
  void refuse() { queue_.close(); }
  bool is_empty() const { return children_.empty() && sleepers_.empty(); }

  /// Any thread: `piece` is called by a turn.
  void post(work_queue::work piece);
  /// Any thread: what was held back is looked at again.
  void wake() const;

private:
  /// Asks for a stop from whatever thread.
  struct stop_wish {
    child_table* table;
    uint64_t id;
    void operator()() const;
  };
  using stop_watch = std::optional<std::stop_callback<stop_wish>>;
  using timers = std::multimap<clock::time_point, uint64_t>;

  enum class phase : uint8_t { running, stopping, killed, dying, draining };
  struct entry {
    std::unique_ptr<child> what;
    ended done;
    stop_watch on_stop;
    phase now = phase::running;
    std::array<bool, 2> watched{}; ///< its pipes
    bool held = false;             ///< is among held_
    int looks = 0;                 ///< for members that still die
    std::vector<unique_fd> members;
    std::optional<timers::iterator> deadline;
  };
  struct sleeper {
    slept done;
    stop_watch on_stop;
    timers::iterator timer;
  };

  void start(process_spec spec, const std::string& program, const std::stop_token& stop, ended done);
  bool watch(int fd, uint64_t id, uint8_t what) const;
  void unwatch(int fd) const;
  void watch_pipe(uint64_t id, entry& one, child::pipe which, bool wanted);
  void set_deadline(uint64_t id, entry& one, std::chrono::milliseconds from_now);
  void clear_deadline(entry& one);

  void dispatch(uint64_t id, uint8_t what);
  void read_pipe(uint64_t id, entry& one, child::pipe which);
  void hold(uint64_t id, entry& one);
  void kill(uint64_t id, entry& one);
  void take_stop(uint64_t id);
  void take_time(uint64_t id);
  void leader_ended(uint64_t id, entry& one);
  void members_ended(uint64_t id, entry& one);
  void look_for_members(uint64_t id, entry& one);
  void drain(uint64_t id, entry& one);
  void end_sleep(uint64_t id, bool whole);
  void look_at_held();
  void fire_timers();
  int timeout_ms() const;

  unique_fd epoll_;
  unique_fd wake_;
  std::unique_ptr<char[]> scratch_;
  work_queue queue_;
  timers timers_;
  std::unordered_map<uint64_t, entry> children_;
  std::unordered_map<uint64_t, sleeper> sleepers_;
  std::vector<uint64_t> held_; ///< children that wait for room, or for a fault to end
  bool held_by_fault_ = false; ///< one of them, when they were looked at last
  uint64_t last_id_ = 0;
  bool closed_ = false;
};

} // namespace ib::io
