#pragma once

#include "actors/io/registry_client.hpp"
#include "actors/io/registry_session.hpp"

namespace ib::io {

/// registry_client::resolve and ::head as coroutines, with their retries, on the client's thread.
task<result<found_image>> resolve_image(std::shared_ptr<registry_core> core, registry_lookup lookup);
task<result<found_image>> head_image(std::shared_ptr<registry_core> core, registry_lookup lookup);

} // namespace ib::io
