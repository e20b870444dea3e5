#pragma once

#include <image-builder-api/imgbuilder.grpc.pb.h>

#include <grpcpp/channel.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace ib::bench {

/// Some ten thousand clients, as the callers of a busy installation: each has a Build stream and the log of
/// its build, on connections that they share.
class clients {
public:
  /// `prefix` makes the builds' references.
  clients(std::string address, size_t count, size_t connections, std::string prefix);
  ~clients();
  clients(const clients&) = delete;
  clients& operator=(const clients&) = delete;

  /// Starts all of them, some hundred at a time; returns when each has its first response.
  void begin();
  /// Returns when each has read something in its log that its terminal printed.
  void wait_until_heard();
  /// Returns when so many have been told this last.
  void wait_until_told(const std::string& message, size_t many);
  /// Returns when every build has ended; how many of them well.
  size_t wait_until_ended();
  uint64_t log_bytes() const { return log_bytes_; }

private:
  class build_reader;
  class log_reader;
  friend class build_reader;
  friend class log_reader;

  struct client {
    size_t number = 0;
    std::string last_message;
    bool greeted = false;
    bool heard = false;
    int end = 0; ///< the terminal status, -1 for a stream that broke
  };

  void told(client& who, const builder::BuildResponse& response);
  void heard(client& who, const std::string& content);
  void ended(client& who, const grpc::Status& status);
  void begin_next();
  builder::ImageBuilder::Stub& stub_of(const client& who) { return *stubs_[who.number % stubs_.size()]; }
  void wait(const std::function<bool()>& done);

  std::string prefix_;
  std::vector<std::unique_ptr<builder::ImageBuilder::Stub>> stubs_;
  std::vector<client> all_;
  std::mutex mutex_;
  std::condition_variable changed_;
  size_t begun_ = 0;
  size_t greeted_ = 0;
  size_t heard_ = 0;
  size_t ended_ = 0;
  size_t streams_ = 0; ///< that the library still holds
  bool leaving_ = false;
  std::atomic<uint64_t> log_bytes_{0};
};

/// A channel whose connection is not shared with any other.
std::shared_ptr<grpc::Channel> connection_to(const std::string& address);

} // namespace ib::bench
