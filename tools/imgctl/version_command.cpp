#include "tools/imgctl/commands.hpp"
#include "tools/imgctl/standard_sink.hpp"

namespace ib::imgctl {

int run_version(const global_options& global) {
  standard_sink sink;
  const std::string version = IB_VERSION;
  sink.out(global.json ? "{\"version\":\"" + version + "\"}\n" : "imgctl " + version + "\n");
  return sink.close(0);
}

} // namespace ib::imgctl
