#pragma once

#include "actors/domain/result.hpp"
#include "actors/running_builds.hpp"

#include <cstdint>
#include <string>

namespace ib {

/// The build that runs or waits and has this id, or where that is empty the one of this workspace reference;
/// null where there is none.
channel_ptr find_running(const running_builds_board& board, const std::string& build_id,
                         const std::string& workspace_ref = {});

/// A build's channel whose log can be read at once, for as long as the pin lives.
struct readable_log {
  channel_ptr channel;
  log_buffer::pin pin;
};

/// The build of find_running(), pinned, where what can be read of its log from `offset` on is in memory; the
/// journal has to be asked where the channel is null.
readable_log find_readable(const running_builds_board& board, const std::string& build_id,
                           const std::string& workspace_ref, uint64_t offset);

/// The last line of defence against a hole: `unavailable` for who comes without what find_readable() or the
/// journal found.
result<void> check_readable(const build_channel& channel, uint64_t offset);

/// True where the build's end is kept, and what it shows does not say so yet: the journal tells then. So
/// whoever has read a log to its end finds that the build has ended.
bool end_is_untold(const build_channel& channel);

/// What a log begins with whose first bytes retention has dropped.
std::string dropped_notice(uint64_t bytes);

} // namespace ib
