#pragma once

#include "actors/engine/wsman_context.hpp"
#include "actors/engine/wsman_messages.hpp"

#include <functional>
#include <memory>
#include <vector>

namespace ib {

/// What the monitor tells the engine that owns it.
struct monitor_events {
  /// All workspaces there are; `number` tells which list it is, `fresh` that it is the first since ws-manager
  /// was lost or never reached.
  std::function<void(uint64_t number, const std::shared_ptr<const std::vector<workspace_status>>&,
                     bool fresh)>
      listed;
  std::function<void(const std::shared_ptr<const workspace_status>&)> changed;
};

/// Keeps the engine in the picture (spec: engines.md, "Monitoring"): lists the workspaces, then subscribes to
/// their changes; after a lost connection both again. A part of the engine's actor.
class wsman_monitor {
public:
  wsman_monitor(wsman_engine_impl::pointer self, std::shared_ptr<wsman_context> context,
                monitor_events events);

  void begin();
  void listed(const workspaces_listed& m);
  void changed(const workspace_changed& m);
  void over(const subscription_over& m);
  void list_now(const ib::list_now& m);
  /// Something is in doubt: the next list is not to come as late as usual.
  void look_again();
  /// How many lists were asked for so far.
  uint64_t lists_asked() const { return lists_; }
  /// True once a list has come.
  bool has_listed() const { return has_listed_; }

private:
  void list();
  void subscribe();
  void lost(const error& why);
  void list_after(std::chrono::milliseconds pause);

  wsman_engine_impl::pointer self_;
  std::shared_ptr<wsman_context> context_;
  monitor_events events_;
  uint64_t lists_ = 0;
  bool has_listed_ = false;
  uint64_t subscriptions_ = 0;
  std::unique_ptr<workspace_subscription> subscription_;
  std::chrono::milliseconds backoff_;
  uint64_t turn_ = 0;
  bool in_doubt_ = false;             ///< since the last list was asked for
  caf::actor_clock::time_point next_; ///< when the next list is asked for
  bool lost_ = false;                 ///< and the log says so
  caf::actor_clock::time_point lost_at_;
};

} // namespace ib
