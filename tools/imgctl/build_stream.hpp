#pragma once

#include "tools/imgctl/connection.hpp"
#include "tools/imgctl/event_queue.hpp"

#include <grpcpp/client_context.h>

#include <string>
#include <thread>

namespace ib::imgctl {

/// The two streams of a followed build, each read by its own thread into one queue of events. Going away ends
/// the streams, never the build.
class build_stream {
public:
  /// Calls Build.
  build_stream(connection& service, const builder::BuildRequest& request);
  ~build_stream();
  build_stream(const build_stream&) = delete;
  build_stream& operator=(const build_stream&) = delete;

  /// Calls Logs for a build. At most once.
  void start_log(const std::string& build_id);
  bool log_started() const { return log_reader_.joinable(); }

  event_queue& events() { return events_; }

private:
  void read_build(const builder::BuildRequest& request);
  void read_log(const std::string& build_id);

  connection& service_;
  event_queue events_;
  grpc::ClientContext build_context_;
  grpc::ClientContext log_context_;
  std::thread build_reader_;
  std::thread log_reader_;
};

} // namespace ib::imgctl
