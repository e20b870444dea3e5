#include "actors/engine/local_runs.hpp"

#include <caf/send.hpp>

#include <utility>

namespace ib {

void local_runs::end_all() {
  for (const auto& [id, run] : std::exchange(runs, {}))
    caf::anon_send_exit(run.actor, caf::exit_reason::user_shutdown);
}

} // namespace ib
