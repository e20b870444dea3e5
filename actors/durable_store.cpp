// Long on purpose: one class, the journal's whole behaviour in one place; its SQL is in journal_rows.cpp.

#include "actors/build_channel.hpp"
#include "actors/io/log.hpp"
#include "actors/io/log_files.hpp"
#include "actors/io/utc_time.hpp"
#include "actors/journal_rows.hpp"
#include "actors/journal_store.hpp"
#include "actors/source_words.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <utility>

namespace ib {

namespace fs = std::filesystem;

namespace {

/// Builds that are removed in one transaction.
constexpr size_t retention_step = 64;
/// Of a log, to see whether there is room for one: as much as a run says at once.
constexpr size_t trial_bytes = size_t{64} << 10;
/// Of a log that nobody reads, in memory until it is silent or others are read.
constexpr uint64_t unread_bytes = 4096;
/// For each log that is read back, so many builds are looked at for who has stopped reading: all of them
/// after as many reads as that takes.
constexpr size_t looks_for_a_read = 64;

error unknown_build(const std::string& what) {
  return {error_code::not_found, "no build " + what + " is known", "", {}};
}

/// Steady and unix time of one moment: deadlines are kept by the one and journaled by the other.
struct two_clocks {
  std::chrono::steady_clock::time_point steady = std::chrono::steady_clock::now();
  int64_t unix_ms = io::unix_ms_now();

  int64_t to_unix_ms(std::chrono::steady_clock::time_point when) const {
    return unix_ms + std::chrono::duration_cast<std::chrono::milliseconds>(when - steady).count();
  }
  std::chrono::steady_clock::time_point to_steady(int64_t when_ms) const {
    return steady + std::chrono::milliseconds(when_ms - unix_ms);
  }
};

/// Changes nothing where nothing is to be changed: what is on a disk that became read-only can be read.
std::error_code make_private(const fs::path& folder) {
  std::error_code failure;
  fs::create_directories(folder, failure);
  if (!failure && fs::status(folder, failure).permissions() != fs::perms::owner_all && !failure)
    fs::permissions(folder, fs::perms::owner_all, failure);
  return failure;
}

/// By what a step is known that comes again, because its answer got lost.
struct told_step {
  machine_state machine;
  int64_t at_ms = 0;
  std::string message;

  bool operator==(const told_step&) const = default;
};

/// A build that has not ended, with what the journal needs to go on writing it.
struct live_build {
  build_record record;
  io::log_files files;
  size_t steps = 0; ///< transitions that are kept
  told_step last{}; ///< the last of them
};

class durable_store final : public journal_store {
public:
  explicit durable_store(durable_settings settings) : settings_(std::move(settings)) {
    if (auto opened = open(); !opened) io::log_error(opened.error().message);
  }

  result<void> create(build_record record) override {
    const auto id = record.plan->build_id;
    return stage([&]() -> result<void> {
      auto known = rows_->exists(id);
      if (!known) return known.error();
      if (*known) return is_repeated(record) ? result<void>() : already(id);
      if (auto done = rows_->insert(*record.plan, record.machine); !done) return done;
      live_build made{record, new_log(id), 0, {}};
      if (auto done = write_beginning(made); !done) return done;
      // The log's first record holds nothing: whether there is room for a log is found out before the build
      // is.
      if (auto done = made.files.append("", 0, 0); !done) return done;
      fresh_[id] = record.plan;
      staged_.push_back([this, id, made = std::move(made)] { live_.emplace(id, made); });
      return {};
    });
  }

  result<void> advance(const std::string& build_id, const machine_state& machine,
                       std::optional<std::chrono::steady_clock::time_point> deadline,
                       const std::optional<status_update>& step) override {
    auto found = live_.find(build_id);
    if (found == live_.end()) return ended_before(build_id, machine);
    auto& build = found->second;
    auto told = step ? std::optional(told_step{machine, step->at_ms, step->message}) : std::nullopt;
    if (told && *told == last_step(build_id, build)) return {};
    return stage([&]() -> result<void> {
      auto at_ms = step ? step->at_ms : io::unix_ms_now();
      auto deadline_ms = deadline ? two_clocks().to_unix_ms(*deadline) : 0;
      if (auto done = rows_->update(build_id, machine, deadline_ms); !done) return done;
      if (auto done = write_step(build, step); !done) return done;
      if (auto done = write_attempts(build, machine, at_ms); !done) return done;
      if (machine.state >= build_state::verifying)
        if (auto done = make_log_last(build); !done) return done;
      if (is_terminal(machine.state))
        if (auto done = write_end(build, at_ms); !done) return done;
      if (told) staged_steps_[build_id] = *told;
      staged_.push_back(
          [this, build_id, machine, deadline, told] { apply(build_id, machine, deadline, told); });
      return {};
    });
  }

  result<void> note_request(const request_note& note) override {
    return stage([&] { return rows_->insert_request(note); });
  }

  result<void> note_answer(const std::string& build_id, const std::string& url,
                           const std::string& answer) override {
    // A run that is given up may still be at work after the end of its build: nobody will ask for this again.
    if (!live_.contains(build_id)) return {};
    auto& answers = answers_[build_id];
    answers[url] = answer;
    return stage([&] { return rows_->update_answers(build_id, answers); });
  }

  result<void> commit() override {
    auto failure = std::exchange(batch_failure_, std::nullopt);
    auto staged = std::exchange(staged_, {});
    fresh_.clear();
    staged_steps_.clear();
    if (failure) return *failure;
    if (!std::exchange(in_batch_, false)) return {};
    if (auto done = rows_->commit(); !done) {
      rows_->rollback();
      return trouble(done.error());
    }
    for (const auto& effect : staged)
      effect();
    return {};
  }

  void discard() override {
    if (std::exchange(in_batch_, false)) rows_->rollback();
    staged_.clear();
    fresh_.clear();
    staged_steps_.clear();
    batch_failure_.reset();
  }

  result<void> append_log(const std::string& build_id, const shared_text& bytes, uint64_t at,
                          uint64_t raw_offset) override {
    auto found = live_.find(build_id);
    if (found == live_.end()) return unknown_build(build_id);
    auto& [record, files, steps, last] = found->second;
    auto& log = record.channel->log();
    if (at < log.end_offset() && at + bytes.size() <= log.end_offset()) return {};
    if (at != log.end_offset())
      return error{error_code::failed_precondition,
                   "the log of build " + build_id + " ends at " + std::to_string(log.end_offset()) +
                       ", not at " + std::to_string(at),
                   "",
                   {}};
    if (bytes.empty() && raw_offset == record.raw_offset) return {};
    if (auto done = files.append(bytes, raw_offset, record.machine.attempt); !done)
      return trouble(done.error());
    bytes.for_each([&log](std::string_view part) { log.append(part); });
    record.raw_offset = raw_offset;
    files.drop_beginning(settings_.log_bytes_per_build);
    if (log.end_offset() - log.memory_begin() > unread_bytes) log.let_go();
    make_spare_log(); // unless somebody waits for a commit
    return {};
  }

  result<build_record> find(const std::string& build_id) override {
    if (auto found = live_.find(build_id); found != live_.end()) return found->second.record;
    if (auto ready = ensure_open(); !ready) return ready.error();
    auto row = rows_->find(build_id);
    if (!row) return told(row.error());
    return read_back(*row);
  }

  result<build_record> find_newest(const std::string& workspace_ref) override {
    if (auto ready = ensure_open(); !ready) return ready.error();
    auto id = rows_->newest_of(workspace_ref);
    if (!id) return told(id.error());
    return find(*id);
  }

  result<log_buffer::pin> read_log(const build_record& build, uint64_t offset) override {
    const auto& id = build.plan->build_id;
    auto& log = build.channel->log();
    auto pin = build.channel->pin_log();
    if (pin.reaches(offset)) return pin;
    if (read_logs_ * looks_for_a_read >= live_.size()) let_logs_go();
    ++read_logs_;
    auto earlier = log.gap(offset);
    auto extent = io::log_files(log_folder(id))
                      .read([&](uint64_t at, std::string_view text) { earlier.add(at, text); }, offset);
    if (extent && log.bring_back(std::move(earlier))) return pin;
    auto why = extent ? "its files are damaged or gone" : extent.error().message;
    io::log_error("the log of a build cannot be read back", {{"build_id", id}, {"why", why}});
    return error{error_code::unavailable, "the log of build " + id + " cannot be read: " + why, "", {}};
  }

  bool let_logs_go() override {
    read_logs_ = 0;
    bool some_stay = false;
    for (auto& [id, build] : live_)
      if (!build.record.channel->log().let_go()) some_stay = true;
    return some_stay;
  }

  result<build_description> describe(const std::string& build_id) override {
    if (auto ready = ensure_open(); !ready) return ready.error();
    auto row = rows_->find(build_id);
    if (!row) return told(row.error());
    auto steps = rows_->steps(build_id);
    if (!steps) return told(steps.error());
    complete(row->summary);
    auto latest = steps->empty() ? std::nullopt : std::optional(steps->back());
    return build_description{std::move(row->summary), std::move(*steps), std::move(latest)};
  }

  result<build_page> list(const build_filter& filter) override {
    if (auto ready = ensure_open(); !ready) return ready.error();
    auto page = rows_->list(filter);
    if (!page) return told(page.error());
    for (auto& summary : page->builds)
      complete(summary);
    return page;
  }

  result<std::vector<build_record>> unfinished() override {
    if (auto ready = ensure_open(); !ready) return ready.error();
    std::vector<build_record> list;
    for (const auto& [id, build] : live_)
      list.push_back(build.record);
    std::sort(list.begin(), list.end(), [](const auto& a, const auto& b) {
      return std::pair(a.plan->created_ms, a.plan->build_id) <
             std::pair(b.plan->created_ms, b.plan->build_id);
    });
    return list;
  }

  result<void> try_out() override {
    if (auto ready = ensure_writable(); !ready) return ready;
    if (auto done = rows_->rewrite(); !done) return trouble(done.error());
    io::log_files log(log_folder(".trial"));
    auto written = log.append(std::string(trial_bytes, ' '), 0, 0);
    log.remove();
    return written ? written : trouble(written.error());
  }

  result<void> retain(const retention_limits& limits) override {
    if (auto ready = ensure_open(); !ready) return ready;
    // Oldest first and no further than needed: thousands may be kept.
    for (;;) {
      auto oldest = rows_->oldest_finished(retention_step);
      if (!oldest) return told(oldest.error());
      auto rest = finished_;
      std::vector<std::string> surplus;
      for (const auto& build : *oldest) {
        if (!is_surplus(build, rest, limits)) break;
        surplus.push_back(build.build_id);
        --rest.builds;
        rest.log_bytes -= build.log_bytes;
      }
      if (auto done = remove(surplus); !done) return done;
      finished_ = rest;
      if (surplus.size() < retention_step) return {};
    }
  }

private:
  // --- opening ---

  result<void> ensure_open() { return rows_ ? result<void>() : open(); }

  /// What was opened on a file system that was read-only stays so, whatever becomes of that; and so does what
  /// is opened beside it, as SQLite shares among the connections of a process.
  result<void> ensure_writable() {
    if (rows_ && rows_->is_read_only()) rows_.reset();
    if (auto ready = ensure_open(); !ready) return ready;
    if (rows_->is_read_only()) return trouble({error_code::unavailable, "it is read-only", "", {}});
    return {};
  }

  result<void> open() {
    for (const auto& folder : {settings_.folder, settings_.folder / "logs"})
      if (auto failure = make_private(folder))
        return trouble({error_code::unavailable, failure.message(), "", {}});
    auto rows = journal_rows::open(settings_.folder, settings_.power_safe);
    if (!rows) return trouble(rows.error());
    rows_ = std::make_unique<journal_rows>(std::move(*rows));
    if (loaded_) return {};
    auto loaded = load();
    if (!loaded) {
      rows_.reset();
      live_.clear();
      return trouble(loaded.error());
    }
    loaded_ = true;
    make_spare_log();
    return {};
  }

  /// Takes over what an earlier process left: builds that have not ended, with their logs.
  result<void> load() {
    auto ids = rows_->unfinished();
    if (!ids) return ids.error();
    for (const auto& id : *ids)
      if (auto done = load_build(id); !done) return done;
    auto finished = rows_->finished();
    if (!finished) return finished.error();
    finished_ = *finished;
    return remove_orphans();
  }

  result<void> load_build(const std::string& id) {
    auto row = rows_->find(id);
    if (!row) return row.error();
    auto steps = rows_->steps(id);
    if (!steps) return steps.error();
    io::log_files files(log_folder(id));
    auto extent = files.open([](uint64_t, std::string_view) {});
    if (!extent) return extent.error();
    auto record = make_record(*row, *steps, settings_.log_bytes_per_build, *extent);
    const auto& machine = record.machine;
    if (extent->attempt == machine.attempt) record.raw_offset = extent->raw_offset;
    if (row->deadline_ms != 0) record.deadline = two_clocks().to_steady(row->deadline_ms);
    if (machine.state != build_state::queued) record.interrupted_attempt = machine.attempt;
    told_step last;
    if (!steps->empty()) last = {machine, steps->back().at_ms, steps->back().message};
    answers_[id] = *row->plan->one_time_answers;
    live_.emplace(id, live_build{std::move(record), std::move(files), steps->size(), std::move(last)});
    return {};
  }

  /// Folders of logs whose build is not (any more) in the books: a crash came between the two.
  result<void> remove_orphans() {
    auto ids = rows_->all_ids();
    if (!ids) return ids.error();
    std::set<std::string> known(ids->begin(), ids->end());
    std::error_code failure;
    for (fs::directory_iterator entry(settings_.folder / "logs", failure), end; !failure && entry != end;
         entry.increment(failure))
      if (!known.contains(entry->path().filename().string())) io::log_files(entry->path()).remove();
    return {};
  }

  static bool is_surplus(const journal_rows::finished_row& oldest, const journal_rows::finished_totals& all,
                         const retention_limits& limits) {
    if (limits.age_ms > 0 && oldest.ended_ms < io::unix_ms_now() - limits.age_ms) return true;
    return all.builds > limits.finished_builds || (all.log_bytes > limits.log_bytes && all.builds > 1);
  }

  // --- writing ---

  result<void> begin_batch() {
    if (in_batch_) return {};
    if (auto ready = ensure_writable(); !ready) return ready;
    if (auto begun = rows_->begin(); !begun) return trouble(begun.error());
    in_batch_ = true;
    return {};
  }

  /// Runs a write inside the batch's transaction. A failure spoils the whole batch: commit() says so.
  template <class Write>
  result<void> stage(Write write) {
    if (batch_failure_) return *batch_failure_;
    if (auto begun = begin_batch(); !begun) {
      batch_failure_ = begun.error();
      return begun;
    }
    auto done = write();
    if (done || done.error().code != error_code::unavailable) return done;
    discard();
    batch_failure_ = trouble(done.error());
    return *batch_failure_;
  }

  bool is_repeated(const build_record& record) const {
    const auto& id = record.plan->build_id;
    if (auto fresh = fresh_.find(id); fresh != fresh_.end()) return fresh->second == record.plan;
    auto live = live_.find(id);
    return live != live_.end() && live->second.record.plan == record.plan;
  }

  /// The step that the journal was last told, and will have kept with the next commit.
  const told_step& last_step(const std::string& build_id, const live_build& build) const {
    auto staged = staged_steps_.find(build_id);
    return staged == staged_steps_.end() ? build.last : staged->second;
  }

  static error already(const std::string& id) {
    return {error_code::failed_precondition, "build " + id + " is known already", "", {}};
  }

  /// An end that is told twice is fine.
  result<void> ended_before(const std::string& build_id, const machine_state& machine) {
    if (auto ready = ensure_open(); !ready) return ready;
    auto row = rows_->find(build_id);
    if (!row) return told(row.error());
    if (is_terminal(machine.state)) return {};
    return error{error_code::failed_precondition, "build " + build_id + " has ended", "", {}};
  }

  /// Its folder and file are made ahead, which takes the file system as long as a commit.
  io::log_files new_log(const std::string& id) {
    io::log_files log(log_folder(id));
    if (std::exchange(has_spare_log_, false)) log.take_over(spare_log());
    return log;
  }
  void make_spare_log() {
    if (!has_spare_log_ && !in_batch_) has_spare_log_ = spare_log().make().has_value();
  }
  io::log_files spare_log() const { return io::log_files(log_folder(".spare")); }

  /// What a new build has told by now, and its first run.
  result<void> write_beginning(live_build& made) {
    const auto& [plan, channel, machine, raw_offset, deadline, interrupted] = made.record;
    auto told = channel->from_start();
    while (const auto* step = told.next()) {
      if (auto done = write_step(made, *step); !done) return done;
      ++made.steps;
      made.last = {machine, step->at_ms, step->message};
    }
    return machine.attempt == 0 ? result<void>()
                                : rows_->begin_attempt(plan->build_id, machine.attempt, made.last.at_ms);
  }

  result<void> write_step(const live_build& build, const std::optional<status_update>& step) {
    if (!step) return {};
    return rows_->insert_step(build.record.plan->build_id, build.steps, *step);
  }

  result<void> write_attempts(const live_build& build, const machine_state& next, int64_t at_ms) {
    const auto& id = build.record.plan->build_id;
    const auto& before = build.record.machine;
    bool another = next.attempt != before.attempt;
    if (before.attempt > 0 && (another || is_terminal(next.state)))
      if (auto done =
              rows_->end_attempt(id, before.attempt, at_ms, another ? "tried again" : to_string(next.state));
          !done)
        return done;
    return another ? rows_->begin_attempt(id, next.attempt, at_ms) : result<void>();
  }

  /// Before the end, and already while the registry is asked for the image: the end then waits only for what
  /// came after that.
  result<void> make_log_last(live_build& build) const {
    return settings_.power_safe ? build.files.sync() : result<void>();
  }

  result<void> write_end(const live_build& build, int64_t at_ms) {
    const auto& extent = build.files.extent();
    return rows_->finish(*build.record.plan, at_ms, extent.begin, extent.end);
  }

  /// The journal has it: now it holds in memory too.
  void apply(const std::string& build_id, const machine_state& machine,
             std::optional<std::chrono::steady_clock::time_point> deadline,
             const std::optional<told_step>& told) {
    auto found = live_.find(build_id);
    if (found == live_.end()) return;
    auto& build = found->second;
    // A new attempt has an output of its own, counted from 0.
    if (machine.attempt != build.record.machine.attempt) build.record.raw_offset = 0;
    build.record.machine = machine;
    build.record.deadline = deadline;
    if (told) {
      ++build.steps;
      build.last = *told;
    }
    if (!is_terminal(machine.state)) return;
    build.record.channel->log().close();
    const auto& extent = build.files.extent();
    ++finished_.builds;
    finished_.log_bytes += extent.end - extent.begin;
    remember(build_id, build.record.channel);
    answers_.erase(build_id);
    live_.erase(found);
  }

  result<void> remove(const std::vector<std::string>& ids) {
    if (ids.empty()) return {};
    if (auto ready = ensure_writable(); !ready) return ready;
    if (auto begun = rows_->begin(); !begun) return trouble(begun.error());
    for (const auto& id : ids) {
      if (auto done = rows_->remove(id); !done) {
        rows_->rollback();
        return trouble(done.error());
      }
    }
    if (auto done = rows_->commit(); !done) {
      rows_->rollback();
      return trouble(done.error());
    }
    for (const auto& id : ids) {
      io::log_files(log_folder(id)).remove();
      read_back_.erase(id);
    }
    return {};
  }

  // --- reading ---

  build_record make_record(const journal_row& row, const std::vector<status_update>& steps,
                           uint64_t log_retention_bytes, const io::log_extent& log) const {
    build_record record;
    if (settings_.log_url) row.plan->log_url = settings_.log_url(row.plan->build_id);
    record.plan = row.plan;
    record.channel = std::make_shared<build_channel>(row.plan, log_retention_bytes, log.begin, log.end);
    record.machine = row.summary.machine;
    for (const auto& step : steps)
      record.channel->replay(step);
    return record;
  }

  /// A build that has ended, as its listeners know it; one channel for all who ask at the same time.
  result<build_record> read_back(const journal_row& row) {
    const auto& id = row.plan->build_id;
    if (auto known = read_back_.find(id); known != read_back_.end())
      if (auto channel = known->second.lock()) return build_record{row.plan, channel, row.summary.machine};
    auto steps = rows_->steps(id);
    if (!steps) return told(steps.error());
    // All that is on disk can be read: the row says where it begins.
    const auto begin = row.summary.log_begin;
    auto record = make_record(row, *steps, 0, {begin, begin});
    auto& log = record.channel->log();
    auto extent = io::log_files(log_folder(id)).read([&](uint64_t offset, std::string_view text) {
      if (offset == log.end_offset()) log.append(text);
    });
    if (!extent) return extent.error();
    if (log.end_offset() < row.summary.log_end) say_what_is_lost(log, id, row.summary.log_end);
    log.close();
    remember(id, record.channel);
    return record;
  }

  /// Whoever reads a log whose files are damaged or gone is not to take it for whole.
  static void say_what_is_lost(log_buffer& log, const std::string& id, uint64_t end) {
    auto lost = std::to_string(end - log.end_offset());
    io::log_error("a log cannot be read to its end any more", {{"build_id", id}, {"lost_bytes", lost}});
    log.append("\n[image-builder: the last " + lost + " bytes of this log cannot be read any more]\n");
  }

  void remember(const std::string& id, const channel_ptr& channel) {
    std::erase_if(read_back_, [](const auto& known) { return known.second.expired(); });
    read_back_[id] = channel;
  }

  /// The channel that readers of a build get now, null where it would have to be read back.
  channel_ptr channel_at_hand(const std::string& build_id) const {
    if (auto live = live_.find(build_id); live != live_.end()) return live->second.record.channel;
    auto known = read_back_.find(build_id);
    return known == read_back_.end() ? nullptr : known->second.lock();
  }

  /// What there is of its log.
  void complete(build_summary& summary) const {
    auto channel = channel_at_hand(summary.build_id);
    if (!channel) return;
    summary.log_begin = channel->log().begin_offset();
    summary.log_end = channel->log().end_offset();
  }

  // --- words ---

  fs::path log_folder(const std::string& build_id) const { return settings_.folder / "logs" / build_id; }

  /// What the storage says, with where it is and what follows from it.
  error trouble(error e) const {
    if (e.code != error_code::unavailable && e.code != error_code::failed_precondition) return e;
    e.message = "the journal in " + settings_.folder.string() + " cannot be used (" + e.message +
                "); nothing new is started until that is mended";
    e.code = error_code::unavailable;
    return e;
  }
  error told(error e) const { return e.code == error_code::not_found ? e : trouble(std::move(e)); }

  const durable_settings settings_;
  std::unique_ptr<journal_rows> rows_; ///< null where the database cannot be opened
  bool loaded_ = false;                ///< what an earlier process left is taken over
  journal_rows::finished_totals finished_;
  std::map<std::string, live_build> live_;
  bool has_spare_log_ = false; ///< for the next new build
  size_t read_logs_ = 0;       ///< since the last look for logs in memory that nobody reads
  std::map<std::string, std::weak_ptr<build_channel>> read_back_; ///< ended builds that somebody looks at
  std::map<std::string, std::map<std::string, std::string>> answers_;
  std::map<std::string, std::shared_ptr<const build_plan>> fresh_; ///< created in this batch
  std::map<std::string, told_step> staged_steps_;                  ///< by build id, of this batch
  std::vector<std::function<void()>> staged_;
  std::optional<error> batch_failure_;
  bool in_batch_ = false;
};

} // namespace

std::unique_ptr<journal_store> open_durable_store(durable_settings settings) {
  return std::make_unique<durable_store>(std::move(settings));
}

} // namespace ib
