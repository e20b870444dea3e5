#pragma once

#include "tools/imgctl/outcome.hpp"

#include <google/protobuf/timestamp.pb.h>

#include <cstdint>
#include <string>

namespace ib::imgctl {

/// A point in time as people write it: "2024-02-29T12:00:00Z" (RFC 3339), or how long ago: "30s", "90m",
/// "2h", "3d". `now` is in seconds since the epoch; `flag` names who asked in the message of a failure.
outcome<google::protobuf::Timestamp> parse_moment(const std::string& flag, const std::string& text,
                                                  int64_t now);

/// "2024-02-29 12:00:00 UTC"; "-" for a time that is not set.
std::string format_moment(const google::protobuf::Timestamp& time);

} // namespace ib::imgctl
