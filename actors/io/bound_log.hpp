#pragma once

#include "actors/io/log.hpp"

#include <string>
#include <utility>
#include <vector>

namespace ib::io {

/// Writes log lines that all carry the same fields: who writes, about what. Empty values are left out.
class bound_log {
public:
  explicit bound_log(std::vector<std::pair<std::string, std::string>> fields) : fields_(std::move(fields)) {}

  void debug(std::string_view message, log_fields more = {}) const { write(severity::debug, message, more); }
  void info(std::string_view message, log_fields more = {}) const { write(severity::info, message, more); }
  void warning(std::string_view message, log_fields more = {}) const {
    write(severity::warning, message, more);
  }
  void error(std::string_view message, log_fields more = {}) const { write(severity::error, message, more); }

private:
  void write(severity level, std::string_view message, log_fields more) const {
    std::vector<log_field> all;
    for (const auto& [name, value] : fields_)
      if (!value.empty()) all.push_back({name, value});
    all.insert(all.end(), more.begin(), more.end());
    log(level, message, all);
  }

  std::vector<std::pair<std::string, std::string>> fields_;
};

} // namespace ib::io
