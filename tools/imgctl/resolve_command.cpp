#include "tools/imgctl/commands.hpp"
#include "tools/imgctl/connection.hpp"
#include "tools/imgctl/explain.hpp"
#include "tools/imgctl/json_lines.hpp"
#include "tools/imgctl/request.hpp"
#include "tools/imgctl/standard_sink.hpp"
#include "tools/imgctl/text.hpp"

#include <grpcpp/client_context.h>

namespace ib::imgctl {

int run_resolve_base(const resolve_base_options& options, const global_options& global) {
  const auto request = make_resolve_request(options);
  if (!request) return report(request.why());
  auto service = connect(global);
  if (!service) return report(service.why());
  grpc::ClientContext context;
  bound(context);
  builder::ResolveBaseImageResponse answer;
  const auto status = service->stub->ResolveBaseImage(&context, *request, &answer);
  if (!status.ok())
    return report(explain(
        status, {"cannot resolve " + options.ref, global.address, answered_by_service(context, status)}));
  standard_sink sink;
  sink.out(global.json ? to_json_line(answer, true) : one_line(answer.ref()) + "\n");
  return sink.close(0);
}

int run_resolve_workspace(const resolve_workspace_options& options, const global_options& global) {
  const auto request = make_resolve_request(options, process_environment);
  if (!request) return report(request.why());
  auto service = connect(global);
  if (!service) return report(service.why());
  grpc::ClientContext context;
  bound(context);
  builder::ResolveWorkspaceImageResponse answer;
  const auto status = service->stub->ResolveWorkspaceImage(&context, *request, &answer);
  if (!status.ok())
    return report(
        explain(status, {"cannot resolve the source", global.address, answered_by_service(context, status)}));
  standard_sink sink;
  const std::string state = answer.status() == builder::done_success ? "built" : "not built";
  sink.out(global.json ? to_json_line(answer, true)
                       : "base " + one_line(answer.base_ref()) + "\nworkspace " + one_line(answer.ref()) +
                             "\nstatus " + state + "\n");
  return sink.close(0);
}

} // namespace ib::imgctl
