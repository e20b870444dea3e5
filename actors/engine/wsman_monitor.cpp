#include "actors/engine/wsman_monitor.hpp"

#include "actors/actor_log.hpp"

#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <algorithm>
#include <utility>

namespace ib {

wsman_monitor::wsman_monitor(wsman_engine_impl::pointer self, std::shared_ptr<wsman_context> context,
                             monitor_events events)
    : self_(self),
      context_(std::move(context)),
      events_(std::move(events)),
      backoff_(context_->timing.first_backoff) {}

void wsman_monitor::begin() {
  context_->health->not_ready(health_names::ws_manager, "ws-manager was not reached yet");
  list();
}

void wsman_monitor::list() {
  ++turn_;
  in_doubt_ = false;
  context_->manager->list(
      [engine = wsman_engine_impl(self_), number = ++lists_](result<std::vector<workspace_status>> all) {
        if (!all) return caf::anon_send(engine, workspaces_listed{number, all.error()});
        auto kept = std::make_shared<const std::vector<workspace_status>>(*std::move(all));
        caf::anon_send(engine, workspaces_listed{number, std::move(kept)});
      });
}

void wsman_monitor::listed(const workspaces_listed& m) {
  if (m.number != lists_) return;
  if (!m.workspaces) return lost(m.workspaces.error());
  has_listed_ = true;
  context_->health->ready(health_names::ws_manager);
  // Only a subscription that has lasted tells that ws-manager is well.
  if (subscription_) backoff_ = context_->timing.first_backoff;
  if (std::exchange(lost_, false)) log_of("house/engine").info("ws-manager is back");
  // What changes between the list and the subscription shows in a second list.
  bool fresh = !subscription_;
  const auto& timing = context_->timing;
  auto later = in_doubt_ ? timing.doubt_pause : timing.relist;
  auto pause = fresh ? timing.second_look : later;
  if (fresh) subscribe();
  events_.listed(m.number, *m.workspaces, fresh);
  list_after(pause);
}

void wsman_monitor::subscribe() {
  auto number = ++subscriptions_;
  wsman_engine_impl engine(self_);
  subscription_ = context_->manager->subscribe(
      [engine, number](workspace_status status) {
        caf::anon_send(
            engine, workspace_changed{number, std::make_shared<const workspace_status>(std::move(status))});
      },
      [engine, number](error why) {
        caf::anon_send(engine, subscription_over{number, std::move(why)});
      });
}

void wsman_monitor::changed(const workspace_changed& m) {
  if (m.subscription == subscriptions_) events_.changed(m.status);
}

void wsman_monitor::over(const subscription_over& m) {
  if (m.subscription == subscriptions_ && subscription_) lost(m.why);
}

void wsman_monitor::lost(const error& why) {
  auto now = self_->clock().now();
  if (!std::exchange(lost_, true)) {
    lost_at_ = now;
    log_of("house/engine")
        .warning("lost ws-manager; builds go on and are looked for when it is back",
                 {{"cause", why.message}});
  }
  subscription_.reset();
  // A short loss is no reason to send clients away: builds wait for ws-manager.
  if (!has_listed_)
    context_->health->not_ready(health_names::ws_manager, "ws-manager was not reached yet: " + why.message);
  else if (now - lost_at_ >= context_->timing.unready)
    context_->health->not_ready(health_names::ws_manager,
                                "ws-manager is away, and builds wait for it: " + why.message);
  list_after(backoff_);
  backoff_ = std::min(backoff_ * 2, context_->timing.longest_backoff);
}

/// A list that is under way may be older than the doubt; the one after it comes soon then.
void wsman_monitor::look_again() {
  in_doubt_ = true;
  auto pause = context_->timing.doubt_pause;
  if (self_->clock().now() + pause < next_) list_after(pause);
}

void wsman_monitor::list_after(std::chrono::milliseconds pause) {
  next_ = self_->clock().now() + pause;
  self_->delayed_send(self_, pause, ib::list_now{++turn_});
}

void wsman_monitor::list_now(const ib::list_now& m) {
  if (m.turn == turn_) list();
}

} // namespace ib
