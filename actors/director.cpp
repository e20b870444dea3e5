#include "actors/director.hpp"

#include "actors/domain/redactor.hpp"
#include "actors/domain/reference.hpp"
#include "actors/guard.hpp"
#include "actors/names.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <ctime>
#include <utility>

namespace ib {

namespace {

constexpr size_t remembered_successes = 256;

std::vector<std::string> censored_words(const build_plan& plan) {
  std::vector<std::string> words{plan.workspace_ref, plan.base_ref};
  if (auto* source = std::get_if<reference_source>(&plan.source)) words.push_back(source->ref);
  for (const auto& text : std::vector<std::string>(words)) {
    auto ref = parse_reference(text);
    if (!ref) continue;
    words.push_back(ref->repository());
    words.push_back(ref->path);
    if (!ref->tag.empty()) words.push_back(ref->path + ":" + ref->tag);
  }
  return words;
}

channel_ptr make_channel(const build_plan& plan, uint64_t log_retention_bytes) {
  build_identity identity;
  identity.build_id = plan.build_id;
  identity.workspace_ref = plan.workspace_ref;
  identity.base_ref = plan.base_ref;
  identity.triggered_by = plan.triggered_by;
  identity.started_at = std::time(nullptr);
  identity.log_url = plan.log_url;
  identity.owner_token = plan.owner_token;
  identity.censored_words = censored_words(plan);
  return std::make_shared<build_channel>(std::move(identity), log_retention_bytes);
}

} // namespace

void direction::begin(std::shared_ptr<running_builds_board> board, director_settings settings) {
  board_ = std::move(board);
  settings_ = settings;
  queue_ = std::make_unique<queue_policy>(settings_.limits);
  epoch_ = board_->read()->epoch;
  auto journal = find_actor<journal_actor>(self_->system(), names::journal);
  if (!journal) return self_->quit(caf::make_error(caf::sec::runtime_error, "the journal is away"));
  // Nothing else is handled before the books are complete: await, not then.
  self_->request(journal, ask_timeout, journal_list_unfinished{})
      .await([this](const journal_unfinished& list) { recover(list.records); },
             [this](const caf::error&) {
               self_->quit(caf::make_error(caf::sec::runtime_error, "the journal did not answer"));
             });
}

void direction::recover(const std::vector<build_record>& records) {
  auto supervisor = find_actor<build_supervisor_actor>(self_->system(), names::builds);
  // Slots that are taken first: by the owners' turns a build may run while an older one still waits.
  for (const auto& record : records)
    if (record.machine.state != build_state::queued) queue_->adopt_running(record.plan->build_id);
  for (const auto& record : records) {
    const auto& id = record.plan->build_id;
    entries_[id] = entry{record.channel, {}, true, {}};
    by_ref_[record.plan->workspace_ref] = id;
    order_.push_back(id);
    if (record.machine.state == build_state::queued) {
      // What was admitted once is never refused afterwards.
      if (!queue_->submit(id, record.plan->triggered_by)) queue_->adopt_running(id);
    }
    if (supervisor) self_->send(supervisor, start_build{id});
  }
  publish();
}

caf::typed_response_promise<build_admitted> direction::admit(const admit_build& wish) {
  auto answer = self_->make_response_promise<build_admitted>();
  const auto& ref = wish.plan->workspace_ref;
  if (auto running = by_ref_.find(ref); running != by_ref_.end()) {
    auto& known = entries_.at(running->second);
    if (known.kept)
      answer.deliver(build_admitted{known.channel, true});
    else
      known.waiting.push_back(answer);
  } else if (auto done = recent_success(wish)) {
    answer.deliver(build_admitted{done, true});
  } else {
    start(wish, answer);
  }
  return answer;
}

channel_ptr direction::recent_success(const admit_build& wish) const {
  if (wish.plan->force_rebuild) return nullptr;
  for (const auto& done : successes_)
    if (done.epoch > wish.seen_epoch && done.workspace_ref == wish.plan->workspace_ref)
      return done.channel.lock();
  return nullptr;
}

void direction::start(const admit_build& wish, promise answer) {
  const auto& id = wish.plan->build_id;
  auto admitted = queue_->submit(id, wish.plan->triggered_by);
  if (!admitted) {
    answer.deliver(build_admitted{admitted.error(), false});
    return;
  }
  auto journal = find_actor<journal_actor>(self_->system(), names::journal);
  if (!journal) {
    queue_->release(id);
    error away{error_code::unavailable, "the journal is restarting; try again", "", {}};
    answer.deliver(build_admitted{std::move(away), false});
    return;
  }
  auto channel = make_channel(*wish.plan, settings_.log_retention_bytes);
  entries_[id] = entry{channel, {}, false, {answer}};
  by_ref_[wish.plan->workspace_ref] = id;
  order_.push_back(id);
  build_record record{wish.plan, channel, wish.secrets, {}, 0, {}};
  self_->request(journal, ask_timeout, journal_create{std::move(record)})
      .then([this, id](const journal_kept& m) { kept(id, m.outcome); },
            [this, id](const caf::error&) {
              kept(id,
                   error{error_code::unavailable, "the journal did not answer; nothing was started", "", {}});
            });
}

void direction::kept(const std::string& build_id, const result<void>& outcome) {
  auto found = entries_.find(build_id);
  if (found == entries_.end()) return;
  auto& who = found->second;
  who.kept = outcome.has_value();
  bool first = true;
  for (auto& answer : std::exchange(who.waiting, {})) {
    if (outcome)
      answer.deliver(build_admitted{who.channel, !first});
    else
      answer.deliver(build_admitted{outcome.error(), false});
    first = false;
  }
  if (!outcome) return ended({build_id, false, 0});
  io::log_info("build admitted", {{"build_id", build_id}, {"ref", who.channel->identity().workspace_ref}});
  publish();
  if (auto supervisor = find_actor<build_supervisor_actor>(self_->system(), names::builds))
    self_->send(supervisor, start_build{build_id});
}

void direction::ready(const build_ready& who) {
  auto found = entries_.find(who.build_id);
  if (found == entries_.end()) return;
  found->second.actor = caf::actor_cast<build_actor>(who.actor);
  tell_place(found->first, found->second);
}

void direction::tell_place(const std::string& build_id, const entry& who) {
  if (!who.actor) return;
  if (auto ahead = queue_->builds_ahead(build_id))
    self_->send(who.actor, queue_place{*ahead, queue_->estimate_ms(build_id)});
  else
    self_->send(who.actor, run_now{});
}

void direction::ended(const build_ended& who) {
  auto found = entries_.find(who.build_id);
  if (found == entries_.end()) return;
  auto channel = found->second.channel;
  const auto& ref = channel->identity().workspace_ref;
  ++epoch_;
  if (who.success) successes_.push_front({ref, channel, epoch_});
  if (successes_.size() > remembered_successes) successes_.pop_back();
  if (who.run_ms > 0) queue_->record_duration_ms(who.run_ms);
  by_ref_.erase(ref);
  entries_.erase(found);
  std::erase(order_, who.build_id);
  auto granted = queue_->release(who.build_id);
  publish();
  run(granted);
}

/// Tells those who may run now, and everyone who still waits how their place has changed.
void direction::run(const std::vector<std::string>& granted) {
  for (const auto& id : granted)
    if (auto found = entries_.find(id); found != entries_.end()) tell_place(id, found->second);
  if (granted.empty()) return;
  for (const auto& id : queue_->order())
    if (auto found = entries_.find(id); found != entries_.end()) tell_place(id, found->second);
}

cancel_answer direction::cancel(const cancel_build& wish) {
  auto found = entries_.find(wish.build_id);
  if (found == entries_.end())
    return {error{error_code::not_found, "no running build " + wish.build_id, "build_id", {}}};
  if (!found->second.actor)
    return {
        error{error_code::unavailable, "build " + wish.build_id + " is just starting; try again", "", {}}};
  self_->send(found->second.actor, wish);
  return {result<void>{}};
}

void direction::publish() {
  running_builds now;
  now.epoch = epoch_;
  for (const auto& id : order_)
    if (auto& who = entries_.at(id); who.kept) now.channels.push_back(who.channel);
  board_->publish(std::move(now));
}

director_actor::behavior_type director(director_actor::stateful_pointer<director_state> self,
                                       std::shared_ptr<running_builds_board> board,
                                       director_settings settings) {
  auto* work = &self->state.work;
  keep_what(self, "director");
  work->begin(std::move(board), settings);
  return {
      [work](const admit_build& wish) { return work->admit(wish); },
      [work](const build_ready& who) { work->ready(who); },
      [work](const build_ended& who) { work->ended(who); },
      [work](const cancel_build& wish) { return work->cancel(wish); },
  };
}

} // namespace ib
