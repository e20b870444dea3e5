#include "tools/imgctl/commands.hpp"
#include "tools/imgctl/connection.hpp"
#include "tools/imgctl/explain.hpp"
#include "tools/imgctl/json_lines.hpp"
#include "tools/imgctl/logs_request.hpp"
#include "tools/imgctl/standard_sink.hpp"

#include <grpcpp/client_context.h>

namespace ib::imgctl {

builder::LogsRequest make_logs_request(const logs_options& options) {
  builder::LogsRequest request;
  const bool is_reference = options.target.find_first_of("/:@") != std::string::npos;
  (is_reference ? request.mutable_build_ref() : request.mutable_build_id())->assign(options.target);
  request.set_censored(options.censored);
  return request;
}

int run_logs(const logs_options& options, const global_options& global) {
  auto service = connect(global.address);
  if (!service) return report(service.why());
  grpc::ClientContext context;
  const auto reader = service->stub->Logs(&context, make_logs_request(options));
  standard_sink sink;
  json_log as_json;
  builder::LogsResponse response;
  while (reader->Read(&response))
    sink.out(global.json ? as_json.feed(response.content()) : response.content());
  sink.out(as_json.take_rest());
  const auto status = reader->Finish();
  if (!status.ok())
    return report(explain(
        status, {"no log of " + options.target, global.address, answered_by_service(context, status)}));
  return sink.close(0);
}

} // namespace ib::imgctl
