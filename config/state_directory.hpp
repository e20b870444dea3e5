#pragma once

#include "actors/domain/result.hpp"

#include <map>
#include <string>

namespace ib::config {

/// Where state is kept when `local.stateDirectory` is not set: $XDG_STATE_HOME/image-builder, else
/// /var/lib/image-builder for root, else $HOME/.local/state/image-builder (spec: operations.md). Relative and
/// empty variables count as unset. `environment` holds the process's variables, `effective_user` its
/// effective user id. failed_precondition where a user has neither variable.
result<std::string> default_state_directory(const std::map<std::string, std::string>& environment,
                                            unsigned effective_user);

} // namespace ib::config
