#include "actors/journal_keeper.hpp"

#include "actors/observe.hpp"
#include "actors/unanswered.hpp"

#include <caf/typed_event_based_actor.hpp>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>

#include <algorithm>
#include <utility>

namespace ib {

namespace {

constexpr std::chrono::minutes retention_interval{10};
/// How long notes wait for something that somebody waits for.
constexpr std::chrono::milliseconds notes_pause{100};
/// Between two looks at a storage that fails.
constexpr std::chrono::seconds storage_pause{1};
/// Between two looks for logs in memory that nobody reads, while there are some in memory.
constexpr std::chrono::seconds logs_pause{2};

} // namespace

journal_work::~journal_work() {
  for (auto& answer : waiting_)
    leave_unanswered(answer);
}

void journal_work::begin(std::shared_ptr<journal_store> store, std::shared_ptr<storage_board> board,
                         retention_limits limits, std::shared_ptr<metrics> meter) {
  store_ = std::move(store);
  board_ = std::move(board);
  limits_ = limits;
  meter_ = std::move(meter);
  state_ = *board_->read();
  // Those who asked a former incarnation have been told that it died.
  store_->discard();
  self_->send(self_, retain_builds{});
  will_let_logs_go();
}

journal_work::promise journal_work::create(const journal_create& m) {
  return wait_for_commit(store_->create(m.record));
}

journal_work::promise journal_work::advance(const journal_advance& m) {
  if (is_terminal(m.machine.state)) retain_due_ = true;
  return wait_for_commit(store_->advance(m.build_id, m.machine, m.deadline, m.step));
}

journal_work::promise journal_work::wait_for_commit(const result<void>& staged) {
  auto answer = self_->make_response_promise<journal_kept>();
  schedule_commit();
  if (staged) {
    waiting_.push_back(answer);
  } else {
    watch(database_trouble_, staged);
    answer.deliver(journal_kept{staged});
  }
  return answer;
}

journal_work::promise journal_work::note_answer(const journal_note_answer& m) {
  return wait_for_commit(store_->note_answer(m.build_id, m.url, m.answer));
}

/// A note that cannot be kept is not worth a build; the log says so.
void journal_work::note(const result<void>& staged) {
  ++state_.writes;
  staged_ = true;
  if (!std::exchange(notes_scheduled_, true)) self_->delayed_send(self_, notes_pause, commit_notes{});
  if (!staged) watch(database_trouble_, staged);
}

/// What is in the mailbox by now comes before the commit and goes with it.
void journal_work::schedule_commit() {
  ++state_.writes;
  staged_ = true;
  if (!std::exchange(commit_scheduled_, true)) self_->send(self_, commit_batch{});
}

void journal_work::commit_notes_staged() {
  notes_scheduled_ = false;
  commit();
}

void journal_work::commit() {
  commit_scheduled_ = false;
  if (!std::exchange(staged_, false)) return;
  auto began = std::chrono::steady_clock::now();
  auto outcome = store_->commit();
  auto took = std::chrono::steady_clock::now() - began;
  meter_->journal_commit_seconds.Observe(std::chrono::duration<double>(took).count());
  ++state_.commits;
  state_.commit_us = std::chrono::duration_cast<std::chrono::microseconds>(took).count();
  state_.slowest_us = std::max(state_.slowest_us, state_.commit_us);
  watch(database_trouble_, outcome);
  for (auto& answer : std::exchange(waiting_, {}))
    answer.deliver(journal_kept{outcome});
  if (outcome && std::exchange(retain_due_, false)) watch(database_trouble_, store_->retain(limits_));
}

/// Nobody is told what is not durable. Notes are told to nobody.
journal_store& journal_work::settled() {
  if (commit_scheduled_) commit();
  return *store_;
}

journal_kept journal_work::append(const journal_append& m) {
  auto began = std::chrono::steady_clock::now();
  auto done = store_->append_log(m.build_id, m.bytes, m.at, m.raw_offset);
  std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  meter_->journal_append_seconds.Observe(took.count());
  if (done) state_.log_bytes += m.bytes.size();
  will_let_logs_go();
  watch(log_trouble_, done);
  return {done};
}

void journal_work::retain() {
  self_->delayed_send(self_, retention_interval, retain_builds{});
  // Not at once: at the start everybody waits for the books.
  will_look_again();
  if (staged_)
    retain_due_ = true;
  else
    watch(database_trouble_, store_->retain(limits_));
}

void journal_work::change(retention_limits limits) {
  limits_ = limits;
  if (staged_)
    retain_due_ = true;
  else
    watch(database_trouble_, store_->retain(limits_));
}

/// Tells the house how the storage fares; the service's log hears of each change once.
void journal_work::watch(std::string& trouble, const result<void>& outcome) {
  bool fails = !outcome && outcome.error().code == error_code::unavailable;
  trouble = fails ? outcome.error().message : std::string();
  const auto& now = database_trouble_.empty() ? log_trouble_ : database_trouble_;
  if (now.empty() != state_.trouble.empty()) {
    if (fails)
      log_of("house/journal").error(now);
    else
      log_of("house/journal").info("the journal can be used again");
  }
  state_.trouble = now;
  meter_->journal_failing.Set(now.empty() ? 0 : 1);
  board_->publish(state_);
  if (!now.empty()) will_look_again();
}

void journal_work::will_look_again() {
  if (!std::exchange(will_look_again_, true)) self_->delayed_send(self_, storage_pause, try_storage{});
}

void journal_work::look_again() {
  will_look_again_ = false;
  commit();
  // Reading, or having nothing to do, would prove nothing.
  auto done = store_->try_out();
  if (done) log_trouble_.clear();
  watch(database_trouble_, done);
}

/// Pinned before the answer leaves, or the next append might let the log go on its way.
journal_found journal_work::find(const journal_find& m) {
  auto& store = settled();
  auto record = m.build_id.empty() ? store.find_newest(m.workspace_ref) : store.find(m.build_id);
  if (!record || !m.log_from) return {std::move(record)};
  auto log = store.read_log(*record, *m.log_from);
  if (!log) return {log.error()};
  will_let_logs_go();
  return {std::move(record), std::move(*log)};
}

void journal_work::will_let_logs_go() {
  if (!std::exchange(will_let_logs_go_, true)) self_->delayed_send(self_, logs_pause, look_for_unread_logs{});
}

void journal_work::let_logs_go() {
  will_let_logs_go_ = false;
  if (store_->let_logs_go()) will_let_logs_go();
}

journal_impl::behavior_type journal_keeper(journal_impl::stateful_pointer<journal_keeper_state> self,
                                           std::shared_ptr<journal_store> store,
                                           std::shared_ptr<storage_board> board, retention_limits limits,
                                           std::shared_ptr<metrics> meter) {
  auto* work = &self->state.work;
  auto seen = enter_board(self, "journal", "house/journal");
  work->begin(std::move(store), std::move(board), limits, std::move(meter));
  return seen.observe(
      [work](const journal_create& m) { return work->create(m); },
      [work](const journal_advance& m) { return work->advance(m); },
      [work](const journal_append& m) { return work->append(m); },
      [work](const journal_find& m) { return work->find(m); },
      [work](const journal_list_unfinished&) { return journal_unfinished{work->settled().unfinished()}; },
      [work](const journal_describe& m) { return journal_described{work->settled().describe(m.build_id)}; },
      [work](const journal_list& m) { return journal_listed{work->settled().list(m.filter)}; },
      [work](const journal_note_request& m) { work->note(work->store().note_request(m.note)); },
      [work](const journal_note_answer& m) { return work->note_answer(m); },
      [work](const change_retention& m) { work->change(m.limits); },
      [work](const commit_batch&) { work->commit(); },
      [work](const commit_notes&) { work->commit_notes_staged(); },
      [work](const retain_builds&) { work->retain(); }, [work](const try_storage&) { work->look_again(); },
      [work](const look_for_unread_logs&) { work->let_logs_go(); });
}

} // namespace ib
