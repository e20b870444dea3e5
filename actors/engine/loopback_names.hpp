#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ib {

/// Registry domains on this machine ("localhost:5000", "127.0.0.1:5000") that a Dockerfile's text names,
/// build arguments included: buildah must be told of each that it speaks plain HTTP.
std::vector<std::string> loopback_names(std::string_view dockerfile);

} // namespace ib
