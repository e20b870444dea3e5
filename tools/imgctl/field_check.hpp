#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace google::protobuf {
class Descriptor;
}

namespace ib::imgctl {

/// What is wrong with `json` as the protojson of `type`: one line per unknown field, wrong type and unknown
/// enum value, each with its path. protobuf's own parser stops at the first and does not say where it is.
std::vector<std::string> check_fields(const nlohmann::json& json, const google::protobuf::Descriptor& type);

} // namespace ib::imgctl
