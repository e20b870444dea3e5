#pragma once

#include "tests/bench/load/target.hpp"

#include <chrono>
#include <string>

namespace ib::bench {

/// So many listeners of a log whose lines begin with the steady clock's nanoseconds at which they were
/// written ("stamp 123456789 ..."), for a time that begins once all of them have come to its end.
struct tail_load {
  std::string method;
  grpc::ByteBuffer request;
  size_t listeners = 1;
  std::chrono::milliseconds time{1000};
};

/// The latencies are of the newest line of each message, from the moment it was written to its arrival.
round_figures run(const tail_load& load, target& server);

/// So many listeners who read what there is and stay: says so on standard output when each has had a message,
/// and leaves when the standard input ends.
void sit(const std::string& method, const grpc::ByteBuffer& request, size_t listeners, target& server);

} // namespace ib::bench
