#include "tools/imgctl/commands.hpp"
#include "tools/imgctl/flags.hpp"
#include "tools/imgctl/places.hpp"
#include "tools/imgctl/standard_sink.hpp"

#include <cstdlib>
#include <utility>

namespace {

using namespace ib::imgctl;

/// Says where the service is, but to commands that need none.
int run(command_line line) {
  if (line.verb != command::version && line.verb != command::completion) {
    auto found = find_service(std::move(line.global));
    if (!found) return report(found.why());
    line.global = std::move(*found);
  }
  switch (line.verb) {
  case command::build:
    return run_build(line.build, line.global);
  case command::logs:
    return run_logs(line.logs, line.global);
  case command::list:
    return run_list(line.list, line.global);
  case command::show:
    return run_show(line.show, line.global);
  case command::cancel:
    return run_cancel(line.cancel, line.global);
  case command::resolve_base:
    return run_resolve_base(line.resolve_base, line.global);
  case command::resolve_workspace:
    return run_resolve_workspace(line.resolve_workspace, line.global);
  case command::actors:
    return run_actors(line.actors, line.global);
  case command::top:
    return run_top(line.top, line.global);
  case command::doctor:
    return run_doctor(line.global);
  case command::version:
    return run_version(line.global);
  case command::completion:
    return run_completion(line.shell);
  }
  return static_cast<int>(exit_code::usage);
}

} // namespace

int main(int argc, char** argv) {
  // gRPC's own lines on standard error repeat what the commands say better; a user's setting stays.
  ::setenv("GRPC_VERBOSITY", "NONE", 0);
  auto parsed = parse_arguments({argv + 1, argv + argc});
  if (const auto* line = std::get_if<command_line>(&parsed)) return run(*line);
  const auto& ended = std::get<early_exit>(parsed);
  standard_sink sink;
  ended.code == exit_code::success ? sink.out(ended.text) : sink.err(ended.text);
  return sink.close(static_cast<int>(ended.code));
}
