#pragma once

#include "actors/io/child_table.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <stop_token>
#include <thread>

namespace ib::io {

/// The one thread that waits for all child processes: for their output, their ends, their time limits, and
/// for requests to stop them. It starts them too, since they die with the thread that did. Any thread may
/// call; callbacks (`on_output` of a spec too) come on the loop's thread and must not block.
class child_loop {
public:
  child_loop();
  /// Kills what runs; every callback has been called when it returns, except on the loop's own thread.
  ~child_loop();
  child_loop(const child_loop&) = delete;
  child_loop& operator=(const child_loop&) = delete;

  /// Runs a child as run_process does and calls `done`, once, when it is gone.
  void run(process_spec spec, std::stop_token stop, child_table::ended done);

  /// Calls `done`, once: with true after `duration`, with false as soon as a stop is requested.
  void wait(std::chrono::milliseconds duration, std::stop_token stop, child_table::slept done);

  /// What a gate is to call when it has room again. May be called after the loop's end.
  std::function<void()> waker() const;

private:
  struct state;

  std::shared_ptr<state> state_;
  std::thread thread_;
};

} // namespace ib::io
