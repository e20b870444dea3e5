#pragma once

#include "actors/engine/wsman_context.hpp"
#include "actors/engine/wsman_messages.hpp"
#include "actors/engine/wsman_monitor.hpp"

#include <caf/actor_addr.hpp>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace ib {

/// The engine that has builds carried out by ws-manager: one run actor per build, and the monitor that tells
/// each what becomes of its workspace. Workspaces that run and have no run here are taken over: those of the
/// journal's builds when these come for them, all others through the director.
class wsman_engine_work {
public:
  explicit wsman_engine_work(wsman_engine_impl::pointer self) : self_(self) {}

  void begin(std::shared_ptr<wsman_context> context);
  run_handle start(const start_run& order);
  run_handle attach(const attach_run& wish);
  void stop(const stop_run& wish);
  void run_is_down(const caf::actor_addr& who);
  /// The house is closing.
  void close();

  wsman_monitor& monitor() { return *monitor_; }
  void listed(uint64_t number, const std::shared_ptr<const std::vector<workspace_status>>& all, bool fresh);
  void changed(const std::shared_ptr<const workspace_status>& status);
  void described(const workspace_described& m);
  void is_up(const workspace_is_up& m);
  void adopt_unclaimed();

private:
  run_handle spawn_run(std::shared_ptr<const build_plan> plan, int attempt, bool attach,
                       bool may_not_have_begun);
  void tell(wsman_entry& entry, const std::shared_ptr<const workspace_status>& status);
  void look_for_the_missing(uint64_t number, const std::vector<workspace_status>& all, bool fresh);
  void describe(const std::string& build_id, wsman_entry& entry);
  void adopt_later();
  void decide_on(const found_build& build, const result<build_record>& record);
  void adopt(const found_build& build);
  void stop_workspace(const std::string& build_id);

  wsman_engine_impl::pointer self_;
  std::shared_ptr<wsman_context> context_;
  std::unique_ptr<wsman_monitor> monitor_;
  /// What ws-manager tells of workspaces without a run.
  std::map<std::string, std::shared_ptr<const workspace_status>> unclaimed_;
  std::map<caf::actor_addr, std::string> by_address_; ///< the builds of the runs that are monitored
  bool adoption_armed_ = false;
};

struct wsman_engine_state {
  explicit wsman_engine_state(wsman_engine_impl::pointer self) : work(self) {}
  wsman_engine_work work;
};

wsman_engine_impl::behavior_type wsman_engine(wsman_engine_impl::stateful_pointer<wsman_engine_state> self,
                                              std::shared_ptr<wsman_context> context);

} // namespace ib
