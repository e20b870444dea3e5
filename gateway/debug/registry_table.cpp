#include "gateway/debug/view.hpp"

#include <nlohmann/json.hpp>
#include <prometheus/metric_family.h>

#include <algorithm>
#include <cmath>

namespace ib {

namespace {

using nlohmann::ordered_json;

/// What the metrics say of one registry.
struct registry_line {
  double saved = 0; ///< lookups that needed no request
  double asked = 0;
  double failed = 0;
  double limited = 0; ///< of the failed: the registry asked to be left alone
  double seconds = 0;
  double requests = 0;
};

std::string label(const prometheus::ClientMetric& metric, const std::string& name) {
  auto found = std::find_if(metric.label.begin(), metric.label.end(),
                            [&](const auto& pair) { return pair.name == name; });
  return found == metric.label.end() ? "" : found->value;
}

void add(registry_line& line, const std::string& family, const prometheus::ClientMetric& metric) {
  if (family == "image_builder_resolver_hits_total") line.saved += metric.counter.value;
  if (family == "image_builder_resolver_misses_total") line.asked += metric.counter.value;
  if (family == "image_builder_resolver_errors_total") {
    line.failed += metric.counter.value;
    if (label(metric, "code") == to_string(error_code::too_many_requests))
      line.limited += metric.counter.value;
  }
  if (family == "image_builder_registry_seconds") {
    line.seconds += metric.histogram.sample_sum;
    line.requests += static_cast<double>(metric.histogram.sample_count);
  }
}

std::string percent(double part, double whole) {
  return whole > 0 ? std::to_string(std::lround(100 * part / whole)) + " %" : "–";
}

std::string milliseconds(double seconds, double count) {
  return count > 0 ? std::to_string(std::lround(1000 * seconds / count)) + " ms" : "–";
}

ordered_json registries(const metrics& meter) {
  std::map<std::string, registry_line> lines;
  for (const auto& family : meter.collect())
    for (const auto& metric : family.metric)
      if (auto name = label(metric, "registry"); !name.empty()) add(lines[name], family.name, metric);
  auto rows = ordered_json::array();
  for (const auto& [name, line] : lines)
    rows.push_back({name, line.saved, line.asked, line.failed, percent(line.failed, line.asked), line.limited,
                    milliseconds(line.seconds, line.requests)});
  return {{"columns",
           {"registry", "answered without asking", "asked", "failed", "error rate", "told to wait (429)",
            "mean time"}},
          {"rows", std::move(rows)}};
}

/// Seconds that begin count, so that it does not say 0 of one that is still left alone.
ordered_json limited(const io::limit_board& limits) {
  auto rows = ordered_json::array();
  for (const auto& one : limits.read())
    rows.push_back({{"registry", one.registry}, {"for_s", (one.for_ms + 999) / 1000}, {"times", one.times}});
  return rows;
}

} // namespace

std::string cache_json(const cached_digests& cache) {
  auto rows = ordered_json::array();
  for (const auto& digest : cache.rows)
    rows.push_back({{"ref", digest.ref},
                    {"digest", digest.digest},
                    {"age_ms", digest.age_ms},
                    {"expires_in_ms", digest.expires_in_ms ? ordered_json(*digest.expires_in_ms) : nullptr}});
  ordered_json out{{"kept", cache.kept}, {"rows", std::move(rows)}};
  return out.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

std::string resolver_json(const debug_sources& from) {
  auto rows = ordered_json::array();
  auto answers = from.refs->read();
  for (const auto& [asked, image] : *answers)
    rows.push_back({{"ref", asked}, {"image", image.ref.to_string()}});
  ordered_json out{{"ahead_of_time", std::move(rows)},
                   {"registries", registries(*from.meter)},
                   {"limited", limited(*from.limits)}};
  return out.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

} // namespace ib
