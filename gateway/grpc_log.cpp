#include "gateway/grpc_log.hpp"

#include "actors/io/log.hpp"

#include <grpc/support/log.h>

#include <string>
#include <string_view>

namespace ib {

namespace {

io::severity severity_of(gpr_log_severity severity) {
  switch (severity) {
  case GPR_LOG_SEVERITY_DEBUG:
  case GPR_LOG_SEVERITY_INFO:
    return io::severity::debug;
  case GPR_LOG_SEVERITY_ERROR:
    return io::severity::warning;
  }
  return io::severity::warning;
}

void write(gpr_log_func_args* said) {
  std::string_view file(said->file);
  file.remove_prefix(file.rfind('/') == std::string_view::npos ? 0 : file.rfind('/') + 1);
  auto where = std::string(file) + ":" + std::to_string(said->line);
  const io::log_field fields[] = {{"library", "gRPC"}, {"where", where}};
  io::log(severity_of(said->severity), said->message, fields);
}

} // namespace

void log_for_grpc() { gpr_set_log_function(write); }

} // namespace ib
