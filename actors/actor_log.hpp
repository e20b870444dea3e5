#pragma once

#include "actors/domain/trace_context.hpp"
#include "actors/io/bound_log.hpp"

#include <string>

namespace ib {

/// The service's log as an actor writes it; `path` as on the board of actors ("house/director").
inline io::bound_log log_of(std::string path) { return io::bound_log({{"actor", std::move(path)}}); }

/// The same about one build: every line carries its id, and the trace of the caller whose request it is
/// about.
inline io::bound_log log_of(std::string path, const std::string& build_id, const trace_context& trace) {
  return io::bound_log({{"build_id", build_id},
                        {"actor", std::move(path)},
                        {"trace_id", trace.trace_id},
                        {"span_id", trace.span_id}});
}

} // namespace ib
