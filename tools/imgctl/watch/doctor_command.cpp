#include "tools/imgctl/commands.hpp"
#include "tools/imgctl/places.hpp"
#include "tools/imgctl/standard_sink.hpp"
#include "tools/imgctl/terminal.hpp"
#include "tools/imgctl/watch/checks.hpp"

namespace ib::imgctl {

int run_doctor(const global_options& global) {
  standard_sink sink;
  const auto shown = find_terminal(global.no_color, process_environment);
  findings found([&](const finding& one) {
    if (!global.json) sink.out(in_text(one, shown.color));
  });
  if (!global.config.empty())
    found.add({"configuration", "file", verdict::fine, global.config + " says where the service is", ""});
  const bool reached = check_service(global, found);
  check_debug(find_debug(global, process_environment), IB_VERSION, found);
  sink.out((global.json ? to_json(found) : summary(found)) + "\n");
  const auto code = !reached                           ? exit_code::unavailable
                    : found.count(verdict::failed) > 0 ? exit_code::failed
                                                       : exit_code::success;
  return sink.close(static_cast<int>(code));
}

} // namespace ib::imgctl
