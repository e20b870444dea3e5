#include "gateway/metrics_page.hpp"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <utility>

namespace ib {

result<std::unique_ptr<http::server>> serve_metrics(const std::string& address,
                                                    std::shared_ptr<const metrics> source) {
  auto listening = http::server::listen({address, std::nullopt}, "metrics");
  if (!listening) return listening.error();
  http::router routes;
  // On the server's own thread, which has nothing else to do.
  routes.get("/metrics", [source = std::move(source)](const http::request&, const http::reply_ptr& to) {
    to->answer({200,
                "text/plain; version=0.0.4; charset=utf-8",
                prometheus::TextSerializer().Serialize(source->collect()),
                {}});
  });
  (*listening)->serve(std::move(routes));
  return listening;
}

} // namespace ib
