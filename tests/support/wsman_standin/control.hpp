#pragma once

#include "tests/support/wsman_standin/grpc_side.hpp"
#include "tests/support/wsman_standin/http_side.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace ib::standin {

/// The three parts that commands are about.
struct whole {
  book& what;
  grpc_side& grpc;
  http_side& http;
};

/// Carries out one command, a line of JSON with the name in "do"; returns the answer, a line of JSON: what
/// was asked for, or {"error": …}.
std::string carry_out(whole& all, const std::string& line);

} // namespace ib::standin
