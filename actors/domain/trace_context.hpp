#pragma once

#include <string>
#include <string_view>

namespace ib {

/// The caller's place in a distributed trace, for the lines that are logged on its behalf.
struct trace_context {
  std::string trace_id; ///< 32 hexadecimal digits, or empty
  std::string span_id;  ///< 16, or empty

  bool empty() const { return trace_id.empty(); }
  bool operator==(const trace_context&) const = default;
};

/// Reads a W3C `traceparent` (00-TRACE-SPAN-FLAGS); empty where it is none. Versions to come are read as far
/// as they begin like this one, as the standard wants.
trace_context parse_traceparent(std::string_view text);

/// Reads Jaeger's `uber-trace-id` (TRACE:SPAN:PARENT:FLAGS, percent-encoded or not, leading zeros left out or
/// not); empty where it is none.
trace_context parse_uber_trace_id(std::string_view text);

} // namespace ib
