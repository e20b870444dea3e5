#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <sys/types.h>
#include <thread>
#include <vector>

namespace ib::test {

/// A program that serves a test; killed and waited for at the end, and by the kernel where the test dies.
/// What it writes to its standard output and error is kept.
class child_process {
public:
  /// Starts argv[0], found in PATH; throws std::runtime_error where that fails.
  explicit child_process(std::vector<std::string> argv);
  ~child_process();
  child_process(const child_process&) = delete;
  child_process& operator=(const child_process&) = delete;

  /// Waits until the output holds `text` after the offset `from`, or the program has ended, or 20 s have
  /// passed; gives the output so far.
  std::string wait_for_output(const std::string& text, size_t from = 0);
  std::string output();
  /// Ends the program now.
  void kill();

private:
  void collect(int descriptor);

  pid_t pid_ = -1;
  std::thread reader_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string output_;
  bool ended_ = false;
};

/// "127.0.0.1:<port>" (or "[::1]:<port>") of a server that writes "listening on <address>:<port>"; throws
/// where it does not.
std::string listening_domain(child_process& server);

/// Runs a program to its end and gives its standard output and error; throws where it fails.
std::string run_program(std::vector<std::string> argv);

} // namespace ib::test
