#pragma once

#include "tests/bench/load/target.hpp"

#include <chrono>
#include <string>

namespace ib::bench {

/// So many callers, each of whom calls again as soon as it is answered, for a time.
struct unary_load {
  std::string method; ///< "/package.Service/Method"
  grpc::ByteBuffer request;
  size_t callers = 1;
  std::chrono::milliseconds time{300};
};

round_figures run(const unary_load& load, target& server);

} // namespace ib::bench
