#include "tools/imgctl/commands.hpp"
#include "tools/imgctl/connection.hpp"
#include "tools/imgctl/explain.hpp"
#include "tools/imgctl/find_build.hpp"
#include "tools/imgctl/json_lines.hpp"
#include "tools/imgctl/list_request.hpp"
#include "tools/imgctl/standard_sink.hpp"
#include "tools/imgctl/table.hpp"
#include "tools/imgctl/terminal.hpp"

#include <grpcpp/client_context.h>

#include <algorithm>
#include <ctime>

namespace ib::imgctl {

namespace {

namespace v1 = imagebuilder::v1;

constexpr int largest_page = 1000;

/// The pages of a list as one, up to its limit.
outcome<v1::ListBuildsResponse> read_pages(connection& service, v1::ListBuildsRequest request, int limit) {
  v1::ListBuildsResponse all;
  do {
    const int wanted = limit == 0 ? largest_page : std::min(limit - all.builds_size(), largest_page);
    request.set_page_size(wanted);
    grpc::ClientContext context;
    bound(context);
    v1::ListBuildsResponse page;
    const auto status = service.builds->ListBuilds(&context, request, &page);
    if (!status.ok()) return explain_builds(context, status, "cannot list the builds", service.address);
    all.MergeFrom(page);
    all.set_next_page_token(page.next_page_token());
    request.set_page_token(page.next_page_token());
  } while (!all.next_page_token().empty() && (limit == 0 || all.builds_size() < limit));
  return all;
}

int list_all(connection& service, const list_options& options, const global_options& global) {
  const auto now = std::time(nullptr);
  const auto request = make_list_request(options, now);
  if (!request) return report(request.why());
  const auto builds = read_pages(service, *request, options.limit);
  if (!builds) return report(builds.why());
  standard_sink sink;
  if (global.json) {
    sink.out(to_json_line(*builds, true));
    return sink.close(0);
  }
  if (builds->builds().empty()) {
    sink.err("no builds\n");
  } else {
    const auto screen = find_terminal(global.no_color, process_environment);
    sink.out(render_table(*builds, now, screen.live ? std::optional(screen.width()) : std::nullopt));
  }
  if (!builds->next_page_token().empty())
    sink.err("there are more: the same command with --page-token " + builds->next_page_token() + "\n");
  return sink.close(0);
}

} // namespace

int run_list(const list_options& options, const global_options& global) {
  auto service = connect(global);
  if (!service) return report(service.why());
  if (options.all) return list_all(*service, options, global);
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
