#include "gateway/find_build.hpp"

namespace ib {

channel_ptr find_running(const running_builds_board& board, const std::string& build_id,
                         const std::string& workspace_ref) {
  auto now = board.read();
  return build_id.empty() ? now->find_reference(workspace_ref) : now->find(build_id);
}

bool end_is_untold(const build_channel& channel) { return channel.log().closed() && !channel.ended(); }

std::string dropped_notice(uint64_t bytes) {
  return "[image-builder: the first " + std::to_string(bytes) + " bytes of this log are not kept any more]\n";
}

} // namespace ib
