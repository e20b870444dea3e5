#pragma once

#include "actors/metrics.hpp"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <sstream>
#include <string>

namespace ib::test {

/// The value of a series in a page of metrics, `name{label="value",...}` with its labels in order; -1 where
/// there is none.
inline double value_in(const std::string& page, const std::string& series) {
  std::istringstream lines(page);
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with(series + " ")) return std::stod(line.substr(series.size() + 1));
  return -1;
}

/// All metrics as Prometheus reads them.
inline std::string page_of(const metrics& meter) {
  return prometheus::TextSerializer().Serialize(meter.collect());
}

inline double value_of(const metrics& meter, const std::string& series) {
  return value_in(page_of(meter), series);
}

} // namespace ib::test
