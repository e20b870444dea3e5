#include "tools/imgctl/commands.hpp"
#include "tools/imgctl/connection.hpp"
#include "tools/imgctl/explain.hpp"
#include "tools/imgctl/find_build.hpp"
#include "tools/imgctl/json_lines.hpp"
#include "tools/imgctl/list_request.hpp"
#include "tools/imgctl/log_reader.hpp"
#include "tools/imgctl/logs_request.hpp"
#include "tools/imgctl/standard_sink.hpp"

#include <grpcpp/client_context.h>

namespace ib::imgctl {
namespace {

/// Shows the bytes of a log as they are, or as lines of JSON.
class log_printer {
public:
  explicit log_printer(bool json) : json_(json) {}
  void print(std::string_view bytes) { sink_.out(json_ ? as_json_.feed(bytes) : std::string(bytes)); }
  void notice(const std::string& words) { sink_.err("imgctl: " + words + "\n"); }
  int close() {
    sink_.out(as_json_.take_rest());
    return sink_.close(0);
  }

private:
  bool json_;
  standard_sink sink_;
  json_log as_json_;
};

/// By the compatible API: from the first byte, and always to the end of the build.
int read_compatibly(connection& service, const logs_options& options, log_printer& printer) {
  if (options.offset > 0)
    return report(
        usage_error("--offset: the service at " + service.address + " does not have imagebuilder.v1.Builds"));
  grpc::ClientContext context;
  const auto reader = service.stub->Logs(&context, make_logs_request(options));
  builder::LogsResponse response;
  while (reader->Read(&response))
    printer.print(response.content());
  const auto status = reader->Finish();
  const int closed = printer.close();
  if (!status.ok())
    return report(explain(
        status, {"no log of " + options.target, service.address, answered_by_service(context, status)}));
  return closed;
}

} // namespace

builder::LogsRequest make_logs_request(const logs_options& options) {
  builder::LogsRequest request;
  (is_reference(options.target) ? request.mutable_build_ref() : request.mutable_build_id())
      ->assign(options.target);
  request.set_censored(options.censored);
  return request;
}

int run_logs(const logs_options& options, const global_options& global) {
  auto service = connect(global);
  if (!service) return report(service.why());
  log_printer printer(global.json);
  bool unimplemented = false;
  const auto id = find_build_id(*service, options.target, unimplemented);
  if (unimplemented) return read_compatibly(*service, options, printer);
  if (!id) return report(id.why());
  reconnection again(service->channel);
  log_reader reader(*service, options, *id,
                    {[&](std::string_view bytes) { printer.print(bytes); },
                     [&](const std::string& words) { printer.notice(words); },
                     [&](int failures) { return again.await(failures); }});
  const auto end = reader.read();
  if (end == log_end::unimplemented) return read_compatibly(*service, options, printer);
  const int closed = printer.close();
  return end == log_end::complete ? closed : report(reader.why());
}

} // namespace ib::imgctl
