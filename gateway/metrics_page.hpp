#pragma once

#include "actors/metrics.hpp"
#include "gateway/http/router.hpp"

#include <memory>

namespace ib {

/// The metrics at /metrics, for Prometheus. For a server of their own: they are gathered on its thread.
http::router metrics_routes(std::shared_ptr<const metrics> source);

} // namespace ib
