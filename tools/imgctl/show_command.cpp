#include "tools/imgctl/commands.hpp"
#include "tools/imgctl/connection.hpp"
#include "tools/imgctl/describe.hpp"
#include "tools/imgctl/find_build.hpp"
#include "tools/imgctl/json_lines.hpp"
#include "tools/imgctl/standard_sink.hpp"

#include <grpcpp/client_context.h>

namespace ib::imgctl {

namespace v1 = imagebuilder::v1;

int run_show(const show_options& options, const global_options& global) {
  auto service = connect(global);
  if (!service) return report(service.why());
  bool unimplemented = false;
  const auto id = find_build_id(*service, options.target, unimplemented);
  if (!id) return report(id.why());
  grpc::ClientContext context;
  bound(context);
  v1::GetBuildRequest request;
  request.set_build_id(*id);
  v1::Build build;
  const auto status = service->builds->GetBuild(&context, request, &build);
  if (!status.ok()) return report(explain_builds(context, status, "cannot show " + *id, global.address));
  standard_sink sink;
  sink.out(global.json ? to_json_line(build) : describe(build));
  return sink.close(0);
}

int run_cancel(const cancel_options& options, const global_options& global) {
  auto service = connect(global);
  if (!service) return report(service.why());
  grpc::ClientContext context;
  bound(context);
  v1::CancelBuildRequest request;
  request.set_build_id(options.build_id);
  request.set_reason(options.reason);
  v1::Build build;
  const auto status = service->builds->CancelBuild(&context, request, &build);
  if (!status.ok())
    return report(explain_builds(context, status, "cannot cancel " + options.build_id, global.address));
  standard_sink sink;
  if (global.json)
    sink.out(to_json_line(build));
  else
    sink.err(build.has_end_time() ? "cancelled\n" : "stopping; it ends once its processes are gone\n");
  return sink.close(0);
}

} // namespace ib::imgctl
