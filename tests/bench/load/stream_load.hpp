#pragma once

#include "tests/bench/load/target.hpp"

#include <chrono>
#include <string>

namespace ib::bench {

/// So many listeners of a server stream, each of whom reads its first bytes and leaves.
struct drain_load {
  std::string method;
  grpc::ByteBuffer request;
  size_t listeners = 1;
  uint64_t bytes = 0; ///< that each one reads
};

round_figures run(const drain_load& load, target& server);

/// So many callers of a server stream, each of whom waits for the first message, leaves, and calls again,
/// for a time.
struct join_load {
  std::string method;
  grpc::ByteBuffer request;
  size_t callers = 1;
  std::chrono::milliseconds time{300};
};

round_figures run(const join_load& load, target& server);

} // namespace ib::bench
