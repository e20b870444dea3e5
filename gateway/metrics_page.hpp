#pragma once

#include "actors/metrics.hpp"
#include "gateway/http/server.hpp"

#include <memory>
#include <string>

namespace ib {

/// Serves the metrics at /metrics of `address`, for Prometheus.
result<std::unique_ptr<http::server>> serve_metrics(const std::string& address,
                                                    std::shared_ptr<const metrics> source);

} // namespace ib
