#pragma once

#include <image-builder-api/imgbuilder.grpc.pb.h>

#include <grpcpp/channel.h>

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace ib::bench {

/// How long a client keeps its Build stream; a listener of its log stays in any case.
enum class build_streams : uint8_t {
  until_running, ///< a build does not end with its client
  until_the_end,
};

/// Some ten thousand clients, as the callers of a busy installation: each has a build started and the log of
/// it, on connections that they share.
class clients {
public:
  /// `prefix` makes the builds' references.
  clients(std::string address, size_t count, size_t connections, std::string prefix, build_streams kept);
  clients(const clients&) = delete;
  clients& operator=(const clients&) = delete;

  /// Starts all of them, some hundred at a time; returns when each has its first response.
  void begin();
  /// Returns when each build runs, and every client that does not stay has left.
  void wait_until_running();
  /// Returns when each has read something in its log that its terminal printed.
  void wait_until_heard();
  /// Returns when all have been told this last.
  void wait_until_told(const std::string& message);

private:
  class build_reader;
  class log_reader;
  friend class build_reader;
  friend class log_reader;

  struct client {
    size_t number = 0;
    std::string last_message;
    bool runs = false;
    bool greeted = false;
    bool heard = false;
  };

  /// False for a client that leaves now.
  bool told(client& who, const builder::BuildResponse& response);
  void heard(client& who, const std::string& content);
  void log_ended(const grpc::Status& status);
  void ended(client& who, const grpc::Status& status);
  void begin_next();
  builder::ImageBuilder::Stub& stub_of(const client& who) { return *stubs_[who.number % stubs_.size()]; }
  void wait(const std::function<bool()>& done);

  std::string prefix_;
  build_streams kept_;
  std::vector<std::unique_ptr<builder::ImageBuilder::Stub>> stubs_;
  std::vector<client> all_;
  std::mutex mutex_;
  std::condition_variable never_;
  size_t begun_ = 0;
  size_t greeted_ = 0;
  size_t running_ = 0;
  size_t heard_ = 0;
  size_t streams_ = 0;  ///< that the library still holds
  std::string failure_; ///< of a stream that ended before its time
};

/// A channel whose connection is not shared with any other.
std::shared_ptr<grpc::Channel> connection_to(const std::string& address);

} // namespace ib::bench
