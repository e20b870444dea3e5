#pragma once

#include "actors/io/registry_client.hpp"
#include "actors/io/registry_session.hpp"

namespace ib::io {

/// registry_client::publish as a coroutine on the client's thread.
task<result<published_image>> publish_image(std::shared_ptr<registry_core> core, publish_order order);

} // namespace ib::io
