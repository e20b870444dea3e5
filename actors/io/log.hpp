#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

namespace ib::io {

enum class severity : uint8_t { debug, info, warning, error };

/// A named value of a log line: {"build_id", id}.
struct log_field {
  std::string_view name;
  std::string_view value;
};
using log_fields = std::initializer_list<log_field>;

/// How lines are written; set once at start, the level at any time. Thread-safe. The one process-wide state
/// of the program: every line of every thread goes to the same standard error anyway.
void set_log_level(severity lowest);
void set_log_json(bool json);
/// The version that each JSON line names beside the service.
void set_log_version(std::string version);

/// Writes one line to standard error by a single write: as JSON (time, severity, message, serviceContext,
/// fields; spec: operations.md, "Life cycle") or as text for people. Never give it a secret.
///
/// A line that comes again and again with the same words and fields is written five times within ten seconds;
/// further ones are counted, and a line says how many there were once the time is over and something is
/// logged.
void log(severity level, std::string_view message, std::span<const log_field> fields);

/// Says of lines that are held back now how many there were: before the end of the process.
void flush_log();

inline void log_debug(std::string_view message, log_fields fields = {}) {
  log(severity::debug, message, fields);
}
inline void log_info(std::string_view message, log_fields fields = {}) {
  log(severity::info, message, fields);
}
inline void log_warning(std::string_view message, log_fields fields = {}) {
  log(severity::warning, message, fields);
}
inline void log_error(std::string_view message, log_fields fields = {}) {
  log(severity::error, message, fields);
}

} // namespace ib::io
