#pragma once

#include "tests/bench/load/target.hpp"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>

namespace ib::bench {

using load_clock = std::chrono::steady_clock;

/// Waits for a number of callers.
class finish_line {
public:
  explicit finish_line(size_t callers) : open_(callers) {}

  void arrive() { leave(""); }
  void fail(const std::string& why) { leave(why); }
  /// Ends the process where a caller failed, or where the round takes minutes.
  void wait();

private:
  void leave(const std::string& why);

  std::mutex mutex_;
  std::condition_variable changed_;
  size_t open_;
  std::string failure_;
};

/// Measures one round: construct before, end() after.
class stopwatch {
public:
  explicit stopwatch(const target& server)
      : server_(server), processor_(server.processor_seconds()), begin_(load_clock::now()) {}
  void end(round_figures& into) const;

private:
  const target& server_;
  double processor_;
  load_clock::time_point begin_;
};

} // namespace ib::bench
