#pragma once

#include "actors/io/registry_client.hpp"
#include "actors/metrics.hpp"

#include <memory>

namespace ib {

/// A registry client that times every call of another one.
std::shared_ptr<io::registry_client> make_metered_registry(std::shared_ptr<io::registry_client> client,
                                                           std::shared_ptr<metrics> meter);

} // namespace ib
