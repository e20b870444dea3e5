#pragma once

#include "actors/domain/result.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace ib::io {

class fault_points;
class output_gate;

/// A child process to run. Its environment is exactly `environment`; nothing is inherited but the three
/// standard streams.
struct process_spec {
  std::vector<std::string> argv; ///< argv[0] is looked up in PATH; must not hold a secret
  std::map<std::string, std::string> environment;
  std::string directory;       ///< working directory, empty for the current one
  std::string input;           ///< what it reads on its standard input
  bool capture_stdout = false; ///< collect stdout in the result instead of giving it to on_output
  size_t max_captured_bytes = 16 * 1024 * 1024;
  /// stderr and (unless captured) stdout in the order they arrive, up to 256 KiB at a time, cut at the last
  /// newline where there is one. Must not block: who cannot keep up says so by the gate.
  std::function<void(std::string_view)> on_output;
  const output_gate* gate = nullptr; ///< of a child_loop: while it is full the child waits in its pipe
  std::chrono::milliseconds kill_grace{
      10'000}; ///< between SIGTERM and SIGKILL of the process group when asked to stop
  std::chrono::milliseconds time_limit{0}; ///< then it is stopped as by the token; 0: none
  fault_points* faults = nullptr;          ///< where faults are injected, else null
  std::string build_id;                    ///< whose child it is, where faults are injected
};

struct process_result {
  int exit_code = -1;   ///< 128 + signal where a signal ended it
  int signal = 0;       ///< the signal that ended it, else 0
  bool stopped = false; ///< ended because the stop token or the time limit asked for it
  std::string output;   ///< captured stdout
};

/// Runs a child in its own process group and blocks until its end; child_loop does the same without blocking.
/// A stop request sends TERM to the whole group, then KILL after the grace; no process of the group is left
/// afterwards. The child dies with this process (parent-death signal). Fails with not_found where the program
/// does not exist, resource_exhausted where it writes more than may be captured and internal where it cannot
/// be started.
result<process_result> run_process(const process_spec& spec, std::stop_token stop);

/// The absolute path of a program in PATH, or empty.
std::string find_program(std::string_view name);

} // namespace ib::io
