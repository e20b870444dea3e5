#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace ib::io {

enum class severity : uint8_t { debug, info, warning, error };

/// A named value of a log line: {"build_id", id}.
struct log_field {
  std::string_view name;
  std::string_view value;
};

/// How lines are written; set once at start, the level at any time. Thread-safe. The one process-wide state
/// of the program: every line of every thread goes to the same standard error anyway.
void set_log_level(severity lowest);
void set_log_json(bool json);

/// Writes one line to standard error by a single write: as JSON (time, severity, message, serviceContext,
/// fields; spec: operations.md, "Life cycle") or as text for people. Never give it a secret.
void log(severity level, std::string_view message, std::initializer_list<log_field> fields = {});

inline void log_debug(std::string_view message, std::initializer_list<log_field> fields = {}) {
  log(severity::debug, message, fields);
}
inline void log_info(std::string_view message, std::initializer_list<log_field> fields = {}) {
  log(severity::info, message, fields);
}
inline void log_warning(std::string_view message, std::initializer_list<log_field> fields = {}) {
  log(severity::warning, message, fields);
}
inline void log_error(std::string_view message, std::initializer_list<log_field> fields = {}) {
  log(severity::error, message, fields);
}

} // namespace ib::io
