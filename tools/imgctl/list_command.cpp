#include "tools/imgctl/commands.hpp"
#include "tools/imgctl/connection.hpp"
#include "tools/imgctl/explain.hpp"
#include "tools/imgctl/json_lines.hpp"
#include "tools/imgctl/standard_sink.hpp"
#include "tools/imgctl/table.hpp"
#include "tools/imgctl/terminal.hpp"

#include <grpcpp/client_context.h>

#include <ctime>

namespace ib::imgctl {

int run_list(const global_options& global) {
  auto service = connect(global.address);
  if (!service) return report(service.why());
  grpc::ClientContext context;
  bound(context);
  builder::ListBuildsResponse builds;
  const auto status = service->stub->ListBuilds(&context, builder::ListBuildsRequest(), &builds);
  if (!status.ok())
    return report(
        explain(status, {"cannot list the builds", global.address, answered_by_service(context, status)}));
  for (auto& build : *builds.mutable_builds())
    build.clear_log_info(); // its headers are secret where a service sets them
  standard_sink sink;
  if (global.json) {
    sink.out(to_json_line(builds, true));
  } else if (builds.builds().empty()) {
    sink.err("no running builds\n");
  } else {
    const auto screen = find_terminal(global.no_color, process_environment);
    sink.out(
        render_table(builds, std::time(nullptr), screen.live ? std::optional(screen.width()) : std::nullopt));
  }
  return sink.close(0);
}

} // namespace ib::imgctl
