#pragma once

#include "actors/build.hpp"
#include "actors/domain/rare.hpp"
#include "actors/domain/restart_policy.hpp"
#include "actors/insist.hpp"
#include "actors/interfaces.hpp"

#include <chrono>
#include <map>
#include <memory>
#include <string>

namespace ib {

/// One supervised build.
struct build_child {
  build_actor actor;                      ///< null between a crash and the restart
  std::shared_ptr<const build_plan> plan; ///< once the journal has told it
  rare<restart_policy> policy;            ///< since its first crash
  int silences = 0;                       ///< questions for its record in a row that the journal died over
};

/// The children belong to the root supervisor: when the build supervisor itself restarts, the next
/// incarnation finds them here.
using build_children = std::map<std::string, build_child>;
/// Ends the builds that a supervisor has left behind which has ended for good.
void end_orphans(build_children& children);

/// Time to start a crashed build again.
struct restart_build {
  std::string build_id;
};

/// Time to ask the journal for the builds that have not ended.
struct adopt_builds {};

/// From the service: builds that are started from now on may take so long.
struct change_time_limit {
  std::chrono::milliseconds limit{0};
};

using build_supervisor_impl =
    build_supervisor_actor::extend<caf::reacts_to<restart_build>, caf::reacts_to<adopt_builds>,
                                   caf::reacts_to<change_time_limit>, caf::reacts_to<say_again>>;

/// Starts build actors and restarts those that crash, from the journal. A normal end is not restarted; a
/// build that crashes more often than its restart intensity allows ends in a terminal failure that its
/// watchers see, and nothing else notices.
class build_supervision {
public:
  explicit build_supervision(build_supervisor_impl::pointer self) : self_(self) {}

  void begin(std::shared_ptr<build_children> children, restart_limits limits, build_settings settings);
  void start(const start_build& wish);
  void load(const std::string& build_id);
  /// Starts the builds that have not ended and are nobody's child.
  void adopt();
  void child_is_down(const caf::down_msg& down);
  void change(std::chrono::milliseconds time_limit) { settings_.time_limit = time_limit; }
  /// The house is closing: the builds end with it.
  void close();

private:
  bool waits_for_record(const std::string& build_id) const;
  void spawn_child(build_record record, bool is_new);
  void crashed(const std::string& build_id, const std::string& cause);
  void give_up(const std::string& build_id, const std::string& cause);
  void end_as_failure(const build_record& record, const std::string& cause);
  void tell_end(const build_ended& end);
  void journal_is_gone(const std::string& build_id);
  void postpone(const std::string& build_id, std::chrono::milliseconds pause);
  void postpone(const std::string& build_id) {
    postpone(build_id, std::chrono::milliseconds(limits_.max_delay_ms));
  }

  build_supervisor_impl::pointer self_;
  std::shared_ptr<build_children> children_;
  restart_limits limits_;
  build_settings settings_;
};

struct build_supervisor_state {
  explicit build_supervisor_state(build_supervisor_impl::pointer self) : supervision(self) {}
  build_supervision supervision;
};

build_supervisor_impl::behavior_type
build_supervisor(build_supervisor_impl::stateful_pointer<build_supervisor_state> self,
                 std::shared_ptr<build_children> children, restart_limits limits, build_settings settings);

} // namespace ib

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::restart_build)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::adopt_builds)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::change_time_limit)
