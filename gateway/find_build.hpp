#pragma once

#include "actors/running_builds.hpp"

#include <string>

namespace ib {

/// The build that runs or waits and has this id, or where that is empty the one of this workspace reference;
/// null where there is none.
channel_ptr find_running(const running_builds_board& board, const std::string& build_id,
                         const std::string& workspace_ref = {});

/// True where the build's end is kept, and what it shows does not say so yet: the journal tells then. So
/// whoever has read a log to its end finds that the build has ended.
bool end_is_untold(const build_channel& channel);

/// What a log begins with whose first bytes retention has dropped.
std::string dropped_notice(uint64_t bytes);

} // namespace ib
