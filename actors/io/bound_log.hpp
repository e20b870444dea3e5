#pragma once

#include "actors/io/log.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace ib::io {

/// Writes log lines that all carry the same fields: who writes, about what. Empty values are left out. Its
/// copies share the fields.
class bound_log {
public:
  using fields = std::vector<std::pair<const char*, std::string>>;

  explicit bound_log(fields all) {
    std::erase_if(all, [](const auto& field) { return field.second.empty(); });
    all.shrink_to_fit();
    fields_ = std::make_shared<const fields>(std::move(all));
  }

  void debug(std::string_view message, log_fields more = {}) const { write(severity::debug, message, more); }
  void info(std::string_view message, log_fields more = {}) const { write(severity::info, message, more); }
  void warning(std::string_view message, log_fields more = {}) const {
    write(severity::warning, message, more);
  }
  void error(std::string_view message, log_fields more = {}) const { write(severity::error, message, more); }

private:
  void write(severity level, std::string_view message, log_fields more) const {
    std::vector<log_field> all;
    for (const auto& [name, value] : *fields_)
      all.push_back({name, value});
    all.insert(all.end(), more.begin(), more.end());
    log(level, message, all);
  }

  std::shared_ptr<const fields> fields_;
};

} // namespace ib::io
