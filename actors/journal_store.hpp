#pragma once

#include "actors/build_channel.hpp"
#include "actors/build_listing.hpp"
#include "actors/build_plan.hpp"
#include "actors/domain/result.hpp"
#include "actors/domain/shared_text.hpp"

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace ib {

/// How much of the builds that have ended is kept. Running builds are never touched.
struct retention_limits {
  size_t finished_builds = 1000;
  uint64_t log_bytes = 4ULL << 30; ///< of all finished builds; the newest keeps its log however long it is
  int64_t age_ms = 0;              ///< since their end; 0 is without limit
};

/// Keeps the records of builds. The journal keeper is the only one to write.
///
/// create() and advance() are staged: they hold once commit() has succeeded, and where it fails none of them
/// does. Log bytes can be read after a crash of the process as soon as append_log() has returned. Where the
/// storage fails the error is `unavailable`, says why, and the same call may be tried again; nothing of it
/// is kept. Each call may be repeated by a caller that got no answer: the second one changes nothing.
class journal_store {
public:
  virtual ~journal_store() = default;

  /// A new build. failed_precondition where the id is known already.
  virtual result<void> create(build_record record) = 0;
  /// The progress of a build: its machine, the deadline of its run, and what its watchers are told of it.
  /// not_found for an unknown id.
  virtual result<void> advance(const std::string& build_id, const machine_state& machine,
                               std::optional<std::chrono::steady_clock::time_point> deadline,
                               const std::optional<status_update>& step) = 0;
  /// Makes everything durable that was staged since the last commit.
  virtual result<void> commit() = 0;
  /// Forgets what was staged and not committed.
  virtual void discard() = 0;
  /// Appends log bytes at an offset of the log, and notes how much of the run's output they cover.
  /// failed_precondition where the log does not end there.
  virtual result<void> append_log(const std::string& build_id, const shared_text& bytes, uint64_t at,
                                  uint64_t raw_offset) = 0;
  /// A request that came to a build; staged like create().
  virtual result<void> note_request(const request_note& note) = 0;
  /// What a one-time URL of the build's source answered: a run after a restart needs it. Staged like
  /// create().
  virtual result<void> note_answer(const std::string& build_id, const std::string& url,
                                   const std::string& answer) = 0;

  /// In memory a log may have a gap that only read_log() fills.
  virtual result<build_record> find(const std::string& build_id) = 0;
  /// The newest build of a workspace reference.
  virtual result<build_record> find_newest(const std::string& workspace_ref) = 0;
  /// Has what can be read of a build's log from `offset` on in memory while the pin lives. `unavailable`
  /// where it cannot be read; then nothing has changed.
  virtual result<log_buffer::pin> read_log(const build_record& build, uint64_t offset) = 0;
  /// Lets the logs of running builds leave memory that nobody reads; true where some of a log stays there.
  virtual bool let_logs_go() = 0;
  virtual result<build_description> describe(const std::string& build_id) = 0;
  virtual result<build_page> list(const build_filter& filter) = 0;
  /// Builds that have not ended, oldest first. An error where the journal cannot tell.
  virtual result<std::vector<build_record>> unfinished() = 0;

  /// Writes something where builds and logs are kept, and takes it back: whether a write would succeed now.
  /// Not amid what is staged.
  virtual result<void> try_out() = 0;

  /// Removes finished builds beyond the limits.
  virtual result<void> retain(const retention_limits& limits) = 0;
};

/// How a journal keeps things on disk.
struct durable_settings {
  std::filesystem::path folder;               ///< made where it is missing, mode 0700
  uint64_t log_bytes_per_build = 64ULL << 20; ///< kept at least of each log; 0 keeps everything
  bool power_safe = true;                     ///< commits survive a loss of power, not only of the process
  /// Where the log of a build can be followed: what was journaled with it is of an earlier configuration, and
  /// may be another port. Null: as it was journaled.
  std::function<std::string(const std::string& build_id)> log_url{};
};

/// The store of the service: an SQLite database and log files beside it. It opens even where the storage is
/// broken: every call then says why it fails.
std::unique_ptr<journal_store> open_durable_store(durable_settings settings);

} // namespace ib
