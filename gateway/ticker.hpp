#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace ib {

/// Calls something again and again on a thread of its own, until it is destroyed.
class ticker {
public:
  /// `complaint`: what the log says where a call throws.
  ticker(std::chrono::milliseconds interval, std::string complaint, std::function<void()> call);
  ~ticker();
  ticker(const ticker&) = delete;
  ticker& operator=(const ticker&) = delete;

private:
  void run();

  std::chrono::milliseconds interval_;
  std::string complaint_;
  std::function<void()> call_;
  std::mutex lock_;
  std::condition_variable stop_;
  bool stopping_ = false;
  std::thread thread_;
};

} // namespace ib
