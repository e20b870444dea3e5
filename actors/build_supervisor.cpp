#include "actors/build_supervisor.hpp"

#include "actors/ask.hpp"
#include "actors/first_run.hpp"
#include "actors/io/utc_time.hpp"
#include "actors/names.hpp"
#include "actors/observe.hpp"
#include "actors/restart_cause.hpp"

#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <prometheus/counter.h>

#include <algorithm>
#include <utility>

namespace ib {

namespace {

/// Before a journal that is restarting is asked again.
constexpr std::chrono::milliseconds journal_pause{200};
/// A build whose record the journal dies over so often is what kills it.
constexpr int max_silences = 10;

int64_t now_ms(build_supervisor_impl::pointer self) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(self->clock().now().time_since_epoch())
      .count();
}

io::bound_log log_of_child(const std::string& build_id, const build_child& child) {
  return log_of("house/builds", build_id, child.plan ? child.plan->trace : trace_context{});
}

} // namespace

void build_supervision::begin(std::shared_ptr<build_children> children, restart_limits limits,
                              build_settings settings) {
  children_ = std::move(children);
  limits_ = limits;
  settings_ = std::move(settings);
  settings_.meter->restarts("build", "crash"); // there from the start, with 0
  // Monitoring an actor that died meanwhile still yields its down message.
  for (auto& [id, child] : *children_) {
    if (child.actor)
      self_->monitor(child.actor);
    else
      self_->send(self_, restart_build{id});
  }
  adopt();
}

/// A build whose start was asked of a former incarnation, or while there was none, would wait for ever: the
/// journal knows every build that has not ended. Those that live already only introduce themselves again.
void build_supervision::adopt() {
  auto later = [this] {
    self_->delayed_send(self_, std::chrono::milliseconds(limits_.max_delay_ms), adopt_builds{});
  };
  auto journal = find_actor<journal_actor>(self_->system(), names::journal);
  if (!journal) return later();
  self_->request(journal, ask_timeout, journal_list_unfinished{})
      .then(
          [this, later](const journal_unfinished& list) {
            if (!list.records) return later();
            for (const auto& record : *list.records)
              start({record.plan->build_id});
          },
          [later](const caf::error&) { later(); });
}

void build_supervision::start(const start_build& wish) {
  auto [child, is_unknown] = children_->try_emplace(wish.build_id);
  if (child->second.actor)
    self_->send(child->second.actor, introduce_yourself{});
  else if (wish.fresh && !child->second.plan && is_still_new(*wish.fresh))
    spawn_child(*wish.fresh, true);
  else if (is_unknown)
    load(wish.build_id);
}

void build_supervision::load(const std::string& build_id) {
  auto journal = find_actor<journal_actor>(self_->system(), names::journal);
  if (!journal) return postpone(build_id, journal_pause);
  take_answer<journal_found>(
      self_, self_->request(journal, ask_timeout, journal_find{build_id, ""}),
      [this, build_id](const journal_found& found) {
        if (!waits_for_record(build_id)) return;
        if (found.record)
          spawn_child(*found.record, false);
        else if (found.record.error().code == error_code::not_found)
          children_->erase(build_id);
        else
          postpone(build_id);
      },
      [this, build_id](const caf::error&) {
        if (waits_for_record(build_id)) journal_is_gone(build_id);
      });
}

/// False for one that has come by its fresh record while the journal was asked for it.
bool build_supervision::waits_for_record(const std::string& build_id) const {
  auto child = children_->find(build_id);
  return child != children_->end() && !child->second.actor;
}

/// A journal that dies is no fault of the build, unless the build is what kills it.
void build_supervision::journal_is_gone(const std::string& build_id) {
  auto child = children_->find(build_id);
  if (child == children_->end()) return;
  if (++child->second.silences > max_silences) return crashed(build_id, "the journal did not answer");
  postpone(build_id, journal_pause);
}

void build_supervision::spawn_child(build_record record, bool is_new) {
  auto child = children_->find(record.plan->build_id);
  if (child == children_->end()) return;
  child->second.plan = record.plan;
  child->second.silences = 0;
  child->second.actor = self_->spawn<caf::monitored>(build, std::move(record), settings_, is_new);
}

void build_supervision::child_is_down(const caf::down_msg& down) {
  auto child = std::find_if(children_->begin(), children_->end(), [&](const auto& entry) {
    return entry.second.actor && entry.second.actor.address() == down.source;
  });
  if (child == children_->end()) return;
  if (!down.reason || down.reason == caf::exit_reason::normal) {
    // Its own word was lost where the director was just restarting; told twice it changes nothing.
    tell_end({child->first, false, 0});
    children_->erase(child);
    return;
  }
  child->second.actor = nullptr;
  settings_.meter->restarts("build", restart_cause(down.reason)).Increment();
  crashed(child->first, self_->system().render(down.reason));
}

/// Until it is heard a director may think that the build still runs, and give its slot to no other one.
void build_supervision::tell_end(const build_ended& end) {
  insist<director_actor>(self_, names::director, end, [] { return true; });
}

void build_supervision::crashed(const std::string& build_id, const std::string& cause) {
  auto found = children_->find(build_id);
  if (found == children_->end()) return;
  auto& child = found->second;
  if (!child.policy) child.policy = restart_policy(limits_);
  auto delay_ms = child.policy->on_crash(now_ms(self_));
  if (!delay_ms) return give_up(build_id, cause);
  log_of_child(build_id, child)
      .warning("restarting build actor",
               {{"cause", cause}, {"restarts", std::to_string(child.policy->restarts())}});
  self_->delayed_send(self_, std::chrono::milliseconds(*delay_ms), restart_build{build_id});
}

void build_supervision::give_up(const std::string& build_id, const std::string& cause) {
  log_of_child(build_id, children_->at(build_id)).error("build actor crashed too often", {{"cause", cause}});
  auto journal = find_actor<journal_actor>(self_->system(), names::journal);
  if (!journal) return postpone(build_id);
  self_->request(journal, ask_timeout, journal_find{build_id, ""})
      .then(
          [this, build_id, cause](const journal_found& found) {
            if (found.record)
              end_as_failure(*found.record, cause);
            else if (found.record.error().code == error_code::not_found)
              children_->erase(build_id);
            else
              postpone(build_id);
          },
          [this, build_id](const caf::error&) { postpone(build_id); });
}

/// Without the journal no end can be kept, and so none may be told: the build stays a child and is tried
/// again.
void build_supervision::postpone(const std::string& build_id, std::chrono::milliseconds pause) {
  self_->delayed_send(self_, pause, restart_build{build_id});
}

void build_supervision::end_as_failure(const build_record& record, const std::string& cause) {
  auto id = record.plan->build_id;
  auto message = "the build's actor crashed " + std::to_string(limits_.intensity + 1) +
                 " times and was given up; this is a fault of the service (" + cause + ")";
  auto step = transition(record.machine, gave_up{message});
  auto machine = step ? step->next : record.machine;
  auto journal = find_actor<journal_actor>(self_->system(), names::journal);
  if (!journal) return postpone(id);
  status_update told{machine.state == build_state::succeeded ? build_status::success : build_status::failure,
                     machine.end_message};
  told.state = machine.state;
  told.attempt = machine.attempt;
  told.at_ms = io::unix_ms_now();
  told.is_step = true;
  auto tell = [this, record, told] {
    children_->erase(record.plan->build_id);
    record.channel->publish(told);
    record.channel->wake_all();
    insist<engine_actor>(self_, names::engine, stop_run{record.plan->build_id}, [] { return true; });
    tell_end({record.plan->build_id, told.status == build_status::success, 0});
  };
  auto end = record.channel->log().end_offset();
  caf::anon_send(journal, journal_append{id, "image-builder: " + message + "\n", end, record.raw_offset});
  self_->request(journal, ask_timeout, journal_advance{id, machine, record.deadline, told})
      .then(
          [this, tell, id](const journal_kept& kept) {
            if (kept.outcome || kept.outcome.error().code != error_code::unavailable) return tell();
            postpone(id);
          },
          [this, id](const caf::error&) { postpone(id); });
}

void build_supervision::close() { end_orphans(*children_); }

void end_orphans(build_children& children) {
  for (auto& [id, child] : children)
    if (child.actor)
      caf::anon_send_exit(caf::actor_cast<caf::actor>(child.actor), caf::exit_reason::user_shutdown);
  children.clear();
}

build_supervisor_impl::behavior_type
build_supervisor(build_supervisor_impl::stateful_pointer<build_supervisor_state> self,
                 std::shared_ptr<build_children> children, restart_limits limits, build_settings settings) {
  auto* supervision = &self->state.supervision;
  auto seen = enter_board(self, "build_supervisor", "house/builds");
  self->set_down_handler([supervision](caf::down_msg& down) { supervision->child_is_down(down); });
  self->set_exit_handler([self, supervision](caf::exit_msg& exit) {
    if (exit.reason == caf::exit_reason::user_shutdown) supervision->close();
    self->quit(exit.reason);
  });
  supervision->begin(std::move(children), limits, std::move(settings));
  return seen.observe([supervision](const start_build& m) { supervision->start(m); },
                      [supervision](const restart_build& m) { supervision->load(m.build_id); },
                      [supervision](const adopt_builds&) { supervision->adopt(); },
                      [supervision](const change_time_limit& m) { supervision->change(m.limit); },
                      [](const say_again& m) { m.words(); });
}

} // namespace ib
