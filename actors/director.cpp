#include "actors/director.hpp"

#include "actors/ask.hpp"
#include "actors/first_run.hpp"
#include "actors/io/utc_time.hpp"
#include "actors/names.hpp"
#include "actors/observe.hpp"
#include "actors/unanswered.hpp"

#include <caf/typed_event_based_actor.hpp>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>

#include <utility>

namespace ib {

namespace {

constexpr size_t remembered_successes = 256;
/// Of these the channels are kept, too: who asked just before the end follows the build that ended.
constexpr size_t followed_successes = 8;
/// Between two looks for a journal that is away or cannot tell what it has.
constexpr std::chrono::seconds books_pause{1};
constexpr std::chrono::milliseconds keep_pause{500};
/// How long joins are collected.
constexpr std::chrono::milliseconds joins_pause{20};
constexpr int create_tries = 10;

cancel_answer not_cancelled(const build_channel& channel, bool has_ended) {
  const auto build = "build " + channel.identity().build_id;
  if (has_ended) return {error{error_code::failed_precondition, build + " has ended", "", {}}};
  return {error{error_code::unavailable, build + " is restarting; try again", "", {}}};
}

} // namespace

direction::~direction() {
  for (auto& [id, build] : entries_) {
    for (auto& answer : build.waiting)
      leave_unanswered(answer);
    for (auto& cancel : build.cancels)
      leave_unanswered(cancel.answer);
  }
}

void direction::begin(std::shared_ptr<running_builds_board> board, director_settings settings) {
  board_ = std::move(board);
  settings_ = std::move(settings);
  settings_.health->not_ready(health_names::recovery, "the builds in the journal are being taken over");
  show_limits();
  queue_ = std::make_unique<queue_policy>(settings_.limits);
  epoch_ = board_->read()->epoch;
  expect_joins();
  read_books();
}

void direction::read_books() {
  auto journal = find_actor<journal_actor>(self_->system(), names::journal);
  if (!journal) return books_are_closed({error_code::unavailable, "the journal is restarting", "", {}});
  // Nothing else is handled before the books are complete: await, not then.
  self_->request(journal, ask_timeout, journal_list_unfinished{})
      .await(
          [this](const journal_unfinished& list) {
            look_at_what_waited();
            if (!list.records) return books_are_closed(list.records.error());
            books_closed_.reset();
            recover(*list.records);
          },
          [this](const caf::error&) {
            look_at_what_waited();
            books_are_closed({error_code::unavailable, "the journal did not answer", "", {}});
          });
}

/// CAF itself takes up again only the ordinary messages that it put aside: the wish to end is an urgent one
/// and would wait for ever.
void direction::look_at_what_waited() { self_->mailbox().flush_cache(); }

void direction::show_limits() const {
  settings_.meter->builds_running_limit.Set(static_cast<double>(settings_.limits.running));
  settings_.meter->builds_queued_limit.Set(static_cast<double>(settings_.limits.queued));
}

void direction::change(const queue_limits& limits) {
  settings_.limits = limits;
  show_limits();
  auto granted = queue_->change_limits(limits);
  publish();
  run(granted);
}

/// Without the books nothing may be started: a build of the same reference might be in them.
void direction::books_are_closed(error why) {
  settings_.health->not_ready(health_names::recovery, why.message);
  books_closed_ = std::move(why);
  self_->delayed_send(self_, books_pause, read_the_books{});
}

void direction::recover(const std::vector<build_record>& records) {
  // Slots that are taken first: by the owners' turns a build may run while an older one still waits.
  auto is_new = [this](const build_record& record) { return !entries_.contains(record.plan->build_id); };
  for (const auto& record : records)
    if (is_new(record) && record.machine.state != build_state::queued)
      queue_->adopt_running(record.plan->build_id);
  for (const auto& record : records) {
    if (!is_new(record)) continue;
    const auto& identity = record.channel->identity();
    const auto& id = identity.build_id;
    entries_[id] = entry{record.channel, {}, true, {}, {}};
    by_ref_.try_emplace(identity.workspace_ref, id);
    shown_.add(record.channel);
    if (record.machine.state == build_state::queued) queue_->readmit(id, record.plan->triggered_by);
    have_started({id});
  }
  settle_doubts(records);
  publish();
  settings_.health->ready(health_names::recovery);
}

caf::typed_response_promise<build_admitted> direction::admit(const admit_build& wish) {
  auto answer = self_->make_response_promise<build_admitted>();
  const auto& ref = wish.plan->workspace_ref;
  if (books_closed_) {
    answer.deliver(build_admitted{*books_closed_, false});
    return answer;
  }
  if (auto running = by_ref_.find(ref); running != by_ref_.end()) {
    auto& known = entries_.at(running->second);
    joined({known.channel->identity().build_id, wish.plan->triggered_by, wish.plan->trace});
    if (known.kept)
      answer.deliver(build_admitted{known.channel, true});
    else
      known.waiting.push_back(answer);
  } else if (auto done = recent_success(wish)) {
    settings_.meter->builds_joined.Increment();
    answer.deliver(build_admitted{done, true});
  } else {
    start(wish, answer);
  }
  return answer;
}

void direction::expect_joins() {
  if (!std::exchange(counts_joins_soon_, true)) self_->delayed_send(self_, joins_pause, count_joins{});
}

void direction::count_joins_noted() {
  counts_joins_soon_ = false;
  for (const auto& who : board_->joins().take())
    joined(who);
}

/// Counts and notes a request that was joined to a build that is under way.
void direction::joined(const join_note& who) {
  note_request(who.build_id, who.triggered_by, true);
  log_of("house/director", who.build_id, who.trace).info("build joined");
  settings_.meter->builds_joined.Increment();
}

channel_ptr direction::recent_success(const admit_build& wish) const {
  if (wish.plan->force_rebuild) return nullptr;
  for (const auto& done : successes_)
    if (done.epoch > wish.seen_epoch && done.workspace_ref == wish.plan->workspace_ref) return done.channel;
  return nullptr;
}

void direction::start(const admit_build& wish, promise answer) {
  const auto& id = wish.plan->build_id;
  auto admitted = queue_->submit(id, wish.plan->triggered_by);
  if (!admitted) {
    answer.deliver(build_admitted{admitted.error(), false});
    return;
  }
  start(wish.plan, *admitted, {answer});
}

/// Puts a build into the books; whoever waits is answered once it is there.
void direction::start(const std::shared_ptr<const build_plan>& plan, bool may_run,
                      std::vector<promise> waiting) {
  auto channel = std::make_shared<build_channel>(plan, settings_.log_retention_bytes);
  const auto& identity = channel->identity();
  build_record record{plan, channel, {}, 0, {}};
  if (may_run) grant_first_run(record);
  entries_[identity.build_id] =
      entry{channel, {}, false, std::move(waiting), std::make_shared<build_record>(record)};
  by_ref_[identity.workspace_ref] = identity.build_id;
  keep(identity.build_id, create_tries);
}

/// A journal that died may have kept it: the same question again is answered the same.
void direction::keep(const std::string& build_id, int tries) {
  auto found = entries_.find(build_id);
  if (found == entries_.end() || found->second.kept) return;
  auto journal = find_actor<journal_actor>(self_->system(), names::journal);
  if (!journal) return keep_later(build_id, tries);
  take_answer<journal_kept>(
      self_, self_->request(journal, ask_timeout, journal_create{*found->second.record}),
      [this, build_id](const journal_kept& m) { kept(build_id, m.outcome); },
      [this, build_id, tries](const caf::error& why) {
        keep_later(build_id, why == caf::sec::request_timeout ? 0 : tries);
      });
}

void direction::keep_later(const std::string& build_id, int tries) {
  if (tries > 0) return self_->delayed_send(self_, keep_pause, keep_again{build_id, tries - 1});
  auto found = entries_.find(build_id);
  if (found == entries_.end()) return;
  // It may be in the books all the same: it holds its slot until they tell.
  found->second.is_in_doubt = true;
  answer(found->second, error{error_code::unavailable, "the journal does not answer; try again", "", {}});
  self_->delayed_send(self_, books_pause, read_the_books{});
}

/// Those whom the journal gave no answer about: its books tell.
void direction::settle_doubts(const std::vector<build_record>& records) {
  std::map<std::string, bool> doubtful;
  for (const auto& [id, build] : entries_)
    if (build.is_in_doubt) doubtful.emplace(id, false);
  for (const auto& record : records)
    if (auto found = doubtful.find(record.plan->build_id); found != doubtful.end()) found->second = true;
  for (const auto& [id, is_there] : doubtful)
    kept(id, is_there ? result<void>() : error{error_code::unavailable, "it was not kept", "", {}});
}

void direction::answer(entry& build, const result<void>& outcome) {
  bool joined = false;
  for (auto& promise : std::exchange(build.waiting, {}))
    promise.deliver(outcome ? build_admitted{build.channel, std::exchange(joined, true)}
                            : build_admitted{outcome.error(), false});
}

void direction::note_request(const std::string& build_id, const std::string& triggered_by, bool joined) {
  if (auto journal = find_actor<journal_actor>(self_->system(), names::journal))
    self_->send(journal, journal_note_request{{build_id, io::unix_ms_now(), triggered_by, joined}});
}

void direction::adopt(const adopt_build& wish) {
  const auto& id = wish.plan->build_id;
  if (books_closed_ || entries_.contains(id) || by_ref_.contains(wish.plan->workspace_ref)) return;
  queue_->adopt_running(id);
  start(wish.plan, true, {});
}

void direction::kept(const std::string& build_id, const result<void>& outcome) {
  auto found = entries_.find(build_id);
  if (found == entries_.end()) return;
  auto& who = found->second;
  who.kept = outcome.has_value();
  who.is_in_doubt = false;
  if (who.kept) shown_.add(who.channel);
  // Before anybody is told: who knows of a build finds it among the running ones, and a service that stops
  // finds whom to wake.
  if (outcome) publish();
  auto record = std::exchange(who.record, nullptr);
  if (outcome) have_started({build_id, record});
  answer(who, outcome);
  if (!outcome) return ended({build_id, false, 0});
  note_request(build_id, record->plan->triggered_by, false);
  settings_.meter->builds_started.Increment();
  if (record->machine.state != build_state::queued)
    settings_.meter->phase_seconds(build_state::queued).Observe(0);
  log_of("house/director", build_id, record->plan->trace)
      .info("build admitted", {{"ref", who.channel->identity().workspace_ref}});
}

/// Until its actor introduces itself, or a supervisor has heard of it: one that restarts afterwards finds it
/// in the journal.
void direction::have_started(const start_build& wish) {
  insist<build_supervisor_actor>(self_, names::builds, wish, [this, id = wish.build_id] {
    auto found = entries_.find(id);
    return found != entries_.end() && !found->second.actor;
  });
}

void direction::ready(const build_ready& who) {
  auto found = entries_.find(who.build_id);
  if (found == entries_.end()) return;
  found->second.actor = caf::actor_cast<build_actor>(who.actor);
  for (const auto& cancel : std::exchange(found->second.cancels, {}))
    pass_on(found->second, cancel);
  if (who.waits) return tell_place(who.build_id, found->second);
  // Its step may not be in the books that a restarted director has read.
  if (!queue_->builds_ahead(who.build_id)) return;
  queue_->adopt_running(who.build_id);
  publish();
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
  // Word of them may be lost with a director; and they come before the end.
  count_joins_noted();
  auto channel = found->second.channel;
  for (auto& cancel : found->second.cancels)
    cancel.answer.deliver(not_cancelled(*channel, true));
  const auto& ref = channel->identity().workspace_ref;
  // Who joined one that was in doubt, and that a supervisor found in the books.
  answer(found->second,
         channel->ended()
             ? result<void>()
             : error{error_code::unavailable, "the build ended before it was kept; try again", "", {}});
  ++epoch_;
  if (found->second.kept) count_end(*channel);
  if (who.success) successes_.push_front({ref, channel, epoch_});
  if (successes_.size() > followed_successes) successes_[followed_successes].channel.reset();
  if (successes_.size() > remembered_successes) successes_.pop_back();
  if (who.run_ms > 0) queue_->record_duration_ms(who.run_ms);
  if (auto known = by_ref_.find(ref); known != by_ref_.end() && known->second == who.build_id)
    by_ref_.erase(known);
  entries_.erase(found);
  shown_.remove(who.build_id);
  auto granted = queue_->release(who.build_id);
  publish();
  run(granted);
}

/// As the watchers were told: the word of a build may be lost with a director that is just restarting.
void direction::count_end(const build_channel& channel) {
  auto* last = channel.latest();
  bool success = last != nullptr && last->status == build_status::success;
  (success ? settings_.meter->builds_succeeded : settings_.meter->builds_failed).Increment();
}

/// Tells those who may run now, and everyone who still waits how their place has changed.
void direction::run(const std::vector<std::string>& granted) {
  for (const auto& id : granted)
    if (auto found = entries_.find(id); found != entries_.end()) tell_place(id, found->second);
  if (granted.empty()) return;
  size_t ahead = 0;
  for (const auto& id : queue_->order()) {
    if (auto found = entries_.find(id); found != entries_.end() && found->second.actor)
      self_->send(found->second.actor, queue_place{ahead, queue_->estimate_behind_ms(ahead)});
    ++ahead;
  }
}

caf::typed_response_promise<cancel_answer> direction::cancel(const cancel_build& wish) {
  auto answer = self_->make_response_promise<cancel_answer>();
  auto found = entries_.find(wish.build_id);
  if (found == entries_.end())
    answer.deliver(cancel_answer{
        error{error_code::not_found, "no build " + wish.build_id + " is under way", "build_id", {}}});
  else if (found->second.actor)
    pass_on(found->second, {wish, answer});
  else
    found->second.cancels.push_back({wish, answer});
  return answer;
}

void direction::pass_on(const entry& build, const held_cancel& cancel) {
  self_->request(build.actor, ask_timeout, cancel.wish)
      .then([answer = cancel.answer](const cancel_answer& said) mutable { answer.deliver(said); },
            [answer = cancel.answer, channel = build.channel](const caf::error&) mutable {
              answer.deliver(not_cancelled(*channel, channel->ended())); // word of the end may be on its way
            });
}

void direction::publish() {
  shown_.epoch = epoch_;
  shown_.queue.clear();
  for (auto& id : queue_->order()) {
    auto ahead = shown_.queue.size();
    if (auto found = entries_.find(id); found != entries_.end() && found->second.kept)
      shown_.queue.push_back({std::move(id), queue_->estimate_behind_ms(ahead)});
  }
  board_->publish(shown_);
  settings_.meter->builds_running.Set(static_cast<double>(queue_->running()));
  settings_.meter->builds_queued.Set(static_cast<double>(queue_->queued()));
}

director_impl::behavior_type director(director_impl::stateful_pointer<director_state> self,
                                      std::shared_ptr<running_builds_board> board,
                                      director_settings settings) {
  auto* work = &self->state.work;
  auto seen = enter_board(self, "director", "house/director");
  work->begin(std::move(board), std::move(settings));
  return seen.observe([work](const admit_build& wish) { return work->admit(wish); },
                      [work](const joins_noted&) { work->expect_joins(); },
                      [work](const count_joins&) { work->count_joins_noted(); },
                      [work](const build_ready& who) { work->ready(who); },
                      [work](const build_ended& who) { work->ended(who); },
                      [work](const cancel_build& wish) { return work->cancel(wish); },
                      [work](const adopt_build& wish) { work->adopt(wish); },
                      [work](const read_the_books&) { work->read_books(); },
                      [work](const keep_again& m) { work->keep(m.build_id, m.tries); },
                      [work](const change_limits& m) { work->change(m.limits); },
                      [](const say_again& m) { m.words(); });
}

} // namespace ib
