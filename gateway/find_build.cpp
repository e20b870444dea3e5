#include "gateway/find_build.hpp"

#include <utility>

namespace ib {

channel_ptr find_running(const running_builds_board& board, const std::string& build_id,
                         const std::string& workspace_ref) {
  auto now = board.read();
  return build_id.empty() ? now->find_reference(workspace_ref) : now->find(build_id);
}

readable_log find_readable(const running_builds_board& board, const std::string& build_id,
                           const std::string& workspace_ref, uint64_t offset) {
  auto channel = find_running(board, build_id, workspace_ref);
  if (!channel) return {};
  auto pin = channel->pin_log();
  return pin.reaches(offset) ? readable_log{std::move(channel), std::move(pin)} : readable_log{};
}

result<void> check_readable(const build_channel& channel, uint64_t offset) {
  if (channel.pin_log().reaches(offset)) return {};
  return error{error_code::unavailable, "the log is not in memory; try again", "", {}};
}

bool end_is_untold(const build_channel& channel) { return channel.log().closed() && !channel.ended(); }

std::string dropped_notice(uint64_t bytes) {
  return "[image-builder: the first " + std::to_string(bytes) + " bytes of this log are not kept any more]\n";
}

} // namespace ib
