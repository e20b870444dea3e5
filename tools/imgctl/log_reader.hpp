#pragma once

#include "tools/imgctl/connection.hpp"
#include "tools/imgctl/options.hpp"

#include <functional>
#include <string_view>

namespace ib::imgctl {

/// Whom a log reader tells.
struct log_listener {
  std::function<void(std::string_view)> bytes;    ///< of the log, in order, none twice
  std::function<void(const std::string&)> notice; ///< something the user should know
  /// Between two tries after `failures` in a row; false gives up. Waits for the service to be there again.
  std::function<bool(int failures)> await_service;
};

/// How reading ended.
enum class log_end { complete, unimplemented, failed };

/// Reads a build's log by ReadLog. Once something was read, a lost connection and a stopping service are no
/// end: it goes on from the byte where the stream broke.
class log_reader {
public:
  log_reader(connection& service, const logs_options& options, std::string build_id, log_listener listener);

  /// `unimplemented`: nothing was read, the service has no ReadLog.
  log_end read();
  /// Of a read that failed.
  const failure& why() const { return why_; }

private:
  grpc::Status read_once(bool& from_service);
  bool lost(const grpc::Status& status) const;

  connection& service_;
  const logs_options options_;
  const std::string build_id_;
  const log_listener listener_;
  int64_t offset_;
  bool connected_ = false; ///< the service has answered once
  int failures_ = 0;       ///< tries in a row that brought nothing
  failure why_;
};

/// Waits for a channel to be connected again, with growing pauses; gives up after 5 minutes.
class reconnection {
public:
  explicit reconnection(std::shared_ptr<grpc::Channel> channel) : channel_(std::move(channel)) {}
  bool await(int failures);

private:
  std::shared_ptr<grpc::Channel> channel_;
  std::chrono::system_clock::time_point give_up_;
};

} // namespace ib::imgctl
