#pragma once

#include <grpcpp/generic/generic_stub.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace ib::bench {

/// One side of a comparison: a server with some connections to it.
class target {
public:
  /// `text`: NAME=HOST:PORT@PID. Throws std::invalid_argument where it is no such text.
  target(const std::string& text, size_t connections);

  const std::string& name() const { return name_; }
  grpc::GenericStub& connection(size_t i) { return *connections_[i % connections_.size()]; }
  /// What the server's process has used of the processors since it began, in seconds.
  double processor_seconds() const;

private:
  std::string name_;
  int pid_ = 0;
  std::vector<std::unique_ptr<grpc::GenericStub>> connections_;
};

/// What one round has measured.
struct round_figures {
  double seconds = 0;           ///< from the first call to the last answer
  double processor_seconds = 0; ///< of the server
  uint64_t done = 0;            ///< calls that were answered, or streams that were read
  uint64_t bytes = 0;           ///< that were received
  uint64_t messages = 0;        ///< that were received
  std::vector<double> latencies_us;
};

grpc::ByteBuffer read_request(const std::string& file);

} // namespace ib::bench
