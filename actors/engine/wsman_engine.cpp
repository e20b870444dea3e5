#include "actors/engine/wsman_engine.hpp"

#include "actors/ask.hpp"
#include "actors/engine/wsman_run.hpp"
#include "actors/io/random_id.hpp"
#include "actors/io/utc_time.hpp"
#include "actors/names.hpp"
#include "actors/observe.hpp"

#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <string_view>
#include <unordered_set>
#include <utility>

namespace ib {

namespace {

wsman_run_impl run_of(const wsman_entry& entry) { return caf::actor_cast<wsman_run_impl>(entry.actor); }

} // namespace

void wsman_engine_work::begin(std::shared_ptr<wsman_context> context) {
  context_ = std::move(context);
  // Those of a former incarnation; one that died meanwhile still yields its down message. What the runs told
  // while there was none, and what it asked about, is lost: the first list has to have all of them.
  for (auto& [id, entry] : context_->runs) {
    by_address_[entry.actor->address()] = id;
    self_->monitor(run_of(entry));
    entry.up_before_list = 1;
    entry.due = {};
    entry.asked_about = false;
  }
  monitor_ = std::make_unique<wsman_monitor>(
      self_, context_,
      monitor_events{[this](uint64_t number, const auto& all, bool fresh) { listed(number, all, fresh); },
                     [this](const auto& status) { changed(status); }});
  monitor_->begin();
}

run_handle wsman_engine_work::start(const start_run& order) {
  const auto& id = order.plan->build_id;
  // One that is taken over runs already.
  auto known = unclaimed_.find(id);
  bool runs = known != unclaimed_.end() && !verdict_of(*known->second).ended;
  return spawn_run(order.plan, order.attempt, runs, false);
}

run_handle wsman_engine_work::attach(const attach_run& wish) {
  auto found = context_->runs.find(wish.build_id);
  if (found != context_->runs.end() && found->second.attempt == wish.attempt) return {found->second.actor};
  if (!wish.plan) return {error{error_code::not_found, "build " + wish.build_id + " has no run", "", {}}};
  return spawn_run(wish.plan, wish.attempt, true, !wish.begun);
}

run_handle wsman_engine_work::spawn_run(std::shared_ptr<const build_plan> plan, int attempt, bool attach,
                                        bool may_not_have_begun) {
  const auto id = plan->build_id;
  auto& entry = context_->runs[id];
  if (entry.actor) self_->send(run_of(entry), release_run{});
  wsman_run_order order{std::move(plan), attempt, attach, may_not_have_begun};
  auto run = self_->spawn<caf::monitored>(wsman_run, context_, std::move(order));
  entry = {caf::actor_cast<caf::strong_actor_ptr>(run), attempt};
  by_address_[run.address()] = id;
  auto known = unclaimed_.extract(id);
  if (!attach) return {entry.actor};
  // Every list from the first on has to have it.
  entry.up_before_list = 1;
  if (!known.empty())
    tell(entry, known.mapped());
  else if (monitor_->has_listed())
    describe(id, entry);
  return {entry.actor};
}

void wsman_engine_work::stop(const stop_run& wish) {
  auto found = context_->runs.find(wish.build_id);
  if (found != context_->runs.end())
    self_->send(run_of(found->second), wish);
  else
    stop_workspace(wish.build_id);
}

void wsman_engine_work::stop_workspace(const std::string& build_id) {
  context_->manager->stop(build_id, [build_id](const result<void>& answer) {
    if (!answer && answer.error().code != error_code::not_found)
      log_of("house/engine", build_id, {})
          .warning("cannot stop a workspace that no build needs", {{"cause", answer.error().message}});
  });
}

void wsman_engine_work::run_is_down(const caf::actor_addr& who) {
  auto known = by_address_.extract(who);
  if (known.empty()) return;
  auto run = context_->runs.find(known.mapped());
  // It may have been replaced meanwhile.
  if (run == context_->runs.end() || run->second.actor->address() != who) return;
  // A crashed run's successor asks where its workspace is.
  context_->runs.erase(run);
}

void wsman_engine_work::close() {
  for (const auto& [id, entry] : context_->runs)
    self_->send_exit(run_of(entry), caf::exit_reason::user_shutdown);
  context_->runs.clear();
  by_address_.clear();
}

// --- what ws-manager tells ---

void wsman_engine_work::listed(uint64_t number,
                               const std::shared_ptr<const std::vector<workspace_status>>& all, bool fresh) {
  unclaimed_.clear();
  // Each is a part of the list: thousands of copies would be thrown away at once.
  for (const auto& status : *all)
    changed({all, &status});
  look_for_the_missing(number, *all, fresh);
}

void wsman_engine_work::changed(const std::shared_ptr<const workspace_status>& status) {
  auto run = context_->runs.find(status->id);
  if (run != context_->runs.end()) return tell(run->second, status);
  auto& known = unclaimed_[status->id];
  if (known && !is_news(known->version, *status)) return;
  known = std::make_shared<const workspace_status>(*status); // a part of a list would keep all of it
  if (found_build_of(*status)) adopt_later();
}

void wsman_engine_work::tell(wsman_entry& entry, const std::shared_ptr<const workspace_status>& status) {
  if (entry.last_version && !is_news(*entry.last_version, *status)) return;
  entry.last_version = status->version;
  self_->send(run_of(entry), workspace_seen{status});
}

/// A build that is gone from the list has ended, if ws-manager stands to it. A fresh list has to have all
/// that ran when it was asked for; one of those between, which nobody may have been told of, all that an
/// earlier one had and all that run for long.
void wsman_engine_work::look_for_the_missing(uint64_t number, const std::vector<workspace_status>& all,
                                             bool fresh) {
  std::unordered_set<std::string_view> there;
  for (const auto& status : all)
    there.insert(status.id);
  auto now = self_->clock().now();
  for (auto& [id, entry] : context_->runs) {
    if (entry.up_before_list == 0 || entry.up_before_list > number) continue;
    if (there.contains(id))
      entry.listed = true;
    else if (fresh || entry.listed || now >= entry.due)
      describe(id, entry);
  }
}

void wsman_engine_work::describe(const std::string& build_id, wsman_entry& entry) {
  if (std::exchange(entry.asked_about, true)) return;
  context_->manager->describe(build_id,
                              [engine = wsman_engine_impl(self_), build_id](result<workspace_status> status) {
                                caf::anon_send(engine, workspace_described{build_id, std::move(status)});
                              });
}

void wsman_engine_work::described(const workspace_described& m) {
  auto found = context_->runs.find(m.build_id);
  if (found == context_->runs.end()) return;
  found->second.asked_about = false;
  if (m.status && m.status->id == m.build_id)
    return tell(found->second, std::make_shared<const workspace_status>(*m.status));
  // One that ws-manager cannot tell anything of now is asked for again after the next list.
  if (m.status || is_transient(m.status.error().code)) return monitor_->look_again();
  // Should the run begin a workspace now, that is another one.
  found->second.up_before_list = 0;
  found->second.listed = false;
  self_->send(run_of(found->second), workspace_gone{});
}

void wsman_engine_work::is_up(const workspace_is_up& m) {
  auto found = context_->runs.find(m.build_id);
  if (found == context_->runs.end()) return;
  auto& entry = found->second;
  if (entry.up_before_list == 0) {
    entry.up_before_list = monitor_->lists_asked() + 1;
    entry.due = self_->clock().now() + (m.unseen ? std::chrono::milliseconds(0) : context_->timing.relist);
  }
  if (m.unseen) describe(m.build_id, entry);
}

// --- builds that nobody here knows ---

void wsman_engine_work::adopt_later() {
  if (!std::exchange(adoption_armed_, true))
    self_->delayed_send(self_, context_->timing.adopt_pause, ib::adopt_unclaimed{});
}

void wsman_engine_work::adopt_unclaimed() {
  adoption_armed_ = false;
  auto journal = find_actor<journal_actor>(self_->system(), names::journal);
  auto director = find_actor<director_actor>(self_->system(), names::director);
  if (!journal || !director) return adopt_later();
  for (const auto& [id, status] : unclaimed_) {
    auto build = found_build_of(*status);
    if (!build) continue;
    take_answer<journal_found>(
        self_, self_->request(journal, ask_timeout, journal_find{id, ""}),
        [this, build = *build](const journal_found& found) { decide_on(build, found.record); },
        [](const caf::error&) {}); // the next list shows it again
  }
}

void wsman_engine_work::decide_on(const found_build& build, const result<build_record>& record) {
  if (context_->runs.contains(build.build_id)) return;
  if (!record) {
    if (record.error().code == error_code::not_found) adopt(build);
    return;
  }
  // Those that have not ended come for their runs. One that has ended here was to be stopped.
  if (!is_terminal(record->machine.state)) return;
  log_of("house/engine", build.build_id, record->plan->trace)
      .info("stopping the workspace of a build that has ended");
  stop_workspace(build.build_id);
}

void wsman_engine_work::adopt(const found_build& build) {
  auto director = find_actor<director_actor>(self_->system(), names::director);
  if (!director) return;
  auto plan = std::make_shared<build_plan>();
  plan->build_id = build.build_id;
  plan->created_ms = build.started_at_ms.value_or(io::unix_ms_now());
  plan->workspace_ref = build.workspace_ref;
  plan->base_ref = build.base_ref;
  plan->source = reference_source{build.base_ref};
  name_source(*plan);
  plan->triggered_by = build.triggered_by;
  plan->log_url = context_->log_url ? context_->log_url(build.build_id) : "";
  plan->owner_token = io::random_token();
  plan->explanation = {"taking over " + build.workspace_ref + ": ws-manager runs it since " +
                           io::utc_text(plan->created_ms),
                       "base image " + build.base_ref};
  self_->send(director, adopt_build{std::move(plan)});
}

wsman_engine_impl::behavior_type wsman_engine(wsman_engine_impl::stateful_pointer<wsman_engine_state> self,
                                              std::shared_ptr<wsman_context> context) {
  auto* work = &self->state.work;
  auto seen = enter_board(self, "wsman_engine", "house/engine");
  self->set_down_handler([work](caf::down_msg& down) { work->run_is_down(down.source); });
  self->set_exit_handler([self, work](caf::exit_msg& exit) {
    if (exit.reason == caf::exit_reason::user_shutdown) work->close();
    self->quit(exit.reason);
  });
  work->begin(std::move(context));
  return seen.observe([work](const start_run& order) { return work->start(order); },
                      [work](const attach_run& wish) { return work->attach(wish); },
                      [work](const stop_run& wish) { work->stop(wish); },
                      [work](const workspaces_listed& m) { work->monitor().listed(m); },
                      [work](const workspace_changed& m) { work->monitor().changed(m); },
                      [work](const subscription_over& m) { work->monitor().over(m); },
                      [work](const workspace_described& m) { work->described(m); },
                      [work](const list_now& m) { work->monitor().list_now(m); },
                      [work](const ib::adopt_unclaimed&) { work->adopt_unclaimed(); },
                      [work](const workspace_is_up& m) { work->is_up(m); });
}

} // namespace ib
