#pragma once

#include "actors/build_listing.hpp"
#include "actors/build_plan.hpp"
#include "actors/io/sqlite.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace ib {

/// A build as its row has it: everything but its log.
struct journal_row {
  std::shared_ptr<build_plan> plan;
  build_summary summary;
  int64_t deadline_ms = 0; ///< of the time limit, unix milliseconds; 0 where no run began
};

/// The tables of the journal and all its SQL. Writes belong into a transaction of the caller.
class journal_rows {
public:
  /// Opens the database below `folder` and brings its schema up to date.
  static result<journal_rows> open(const std::filesystem::path& folder, bool power_safe);

  /// See sqlite_database.
  bool is_read_only() const { return database_.is_read_only(); }
  /// Writes what is there already: fails where no write would succeed.
  result<void> rewrite();

  result<void> begin() { return database_.execute("BEGIN IMMEDIATE"); }
  result<void> commit() { return database_.execute("COMMIT"); }
  void rollback() { static_cast<void>(database_.execute("ROLLBACK")); }

  result<bool> exists(const std::string& build_id);
  result<void> insert(const build_plan& plan, const machine_state& machine);
  result<void> update(const std::string& build_id, const machine_state& machine, int64_t deadline_ms);
  /// A build has ended: its credentials go.
  result<void> finish(const build_plan& plan, int64_t ended_ms, uint64_t log_begin, uint64_t log_end);
  result<void> insert_step(const std::string& build_id, size_t number, const status_update& step);
  result<void> begin_attempt(const std::string& build_id, int attempt, int64_t at_ms);
  result<void> end_attempt(const std::string& build_id, int attempt, int64_t at_ms, const std::string& how);
  result<void> insert_request(const request_note& note);
  /// Without effect on a build that has ended: its credentials are gone.
  result<void> update_answers(const std::string& build_id, const std::map<std::string, std::string>& answers);
  result<void> remove(const std::string& build_id);

  /// not_found where there is no such row.
  result<journal_row> find(const std::string& build_id);
  result<std::string> newest_of(const std::string& workspace_ref);
  result<std::vector<status_update>> steps(const std::string& build_id);
  result<std::vector<std::string>> unfinished();
  result<build_page> list(const build_filter& filter);
  result<std::vector<std::string>> all_ids();

  struct finished_row {
    std::string build_id;
    int64_t ended_ms = 0;
    uint64_t log_bytes = 0;
  };
  /// The first `limit` builds to have ended, oldest end first.
  result<std::vector<finished_row>> oldest_finished(size_t limit);

  struct finished_totals {
    size_t builds = 0;
    uint64_t log_bytes = 0;
  };
  result<finished_totals> finished();

private:
  explicit journal_rows(io::sqlite_database database) : database_(std::move(database)) {}
  result<void> check();

  io::sqlite_database database_;
};

} // namespace ib
