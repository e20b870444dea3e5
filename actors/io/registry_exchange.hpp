#pragma once

#include "actors/io/registry_session.hpp"

namespace ib::io {

/// Sends one request of an access, to its registry or its token service, within the access's deadline. A
/// registry that answered 429 is left alone until its time has passed: that answer, and every request before
/// then, is `too_many_requests` with retry_after_ms and the time in the message (spec: images.md,
/// "Resolution"). Responses of any other status are values; errors are without context.
task<result<http_response>> governed_exchange(registry_access access, http_request request);

} // namespace ib::io
