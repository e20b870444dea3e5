#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ib {

/// What could be the domain of a registry in a Dockerfile's text ("localhost:5000", "registry.example.com"),
/// build arguments included: buildah must be told of each how it is spoken to. More names than registries do
/// no harm.
std::vector<std::string> registry_names(std::string_view dockerfile);

} // namespace ib
