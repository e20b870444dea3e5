#include "gateway/metrics_page.hpp"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <utility>

namespace ib {

http::router metrics_routes(std::shared_ptr<const metrics> source) {
  http::router routes;
  routes.get("/metrics", [source = std::move(source)](const http::request&, const http::reply_ptr& to) {
    to->answer({200,
                "text/plain; version=0.0.4; charset=utf-8",
                prometheus::TextSerializer().Serialize(source->collect()),
                {}});
  });
  return routes;
}

} // namespace ib
