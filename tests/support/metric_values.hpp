#pragma once

#include "actors/metrics.hpp"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <sstream>
#include <string>

namespace ib::test {

/// The value of a series as Prometheus reads it, `name{label="value",...}` with its labels in order; -1 where
/// there is none.
inline double value_of(const metrics& meter, const std::string& series) {
  std::istringstream text(prometheus::TextSerializer().Serialize(meter.collect()));
  for (std::string line; std::getline(text, line);)
    if (line.starts_with(series + " ")) return std::stod(line.substr(series.size() + 1));
  return -1;
}

} // namespace ib::test
