#include "actors/journal_rows.hpp"

#include "actors/plan_text.hpp"
#include "actors/source_words.hpp"

#include <iterator>
#include <utility>
#include <variant>

namespace ib {

namespace {

/// Step i leads from schema version i to i + 1; a step that was released is never changed.
constexpr const char* const schema[] = {
    R"(
    CREATE TABLE builds (
      build_id TEXT PRIMARY KEY, workspace_ref TEXT NOT NULL, base_ref TEXT NOT NULL, triggered_by TEXT NOT NULL,
      source TEXT NOT NULL, created_ms INTEGER NOT NULL, ended_ms INTEGER, state INTEGER NOT NULL,
      machine TEXT NOT NULL, deadline_ms INTEGER NOT NULL, plan TEXT NOT NULL, answers TEXT,
      log_begin INTEGER NOT NULL, log_end INTEGER NOT NULL) WITHOUT ROWID;
    CREATE INDEX builds_by_creation ON builds (created_ms, build_id);
    CREATE INDEX builds_by_workspace_ref ON builds (workspace_ref, created_ms);
    CREATE INDEX builds_by_base_ref ON builds (base_ref, created_ms);
    CREATE INDEX unfinished_builds ON builds (created_ms) WHERE ended_ms IS NULL;
    CREATE INDEX finished_builds ON builds (ended_ms, log_begin, log_end) WHERE ended_ms IS NOT NULL;
    CREATE TABLE transitions (
      build_id TEXT NOT NULL, number INTEGER NOT NULL, at_ms INTEGER NOT NULL, state INTEGER NOT NULL,
      attempt INTEGER NOT NULL, status INTEGER NOT NULL, message TEXT NOT NULL, failure TEXT NOT NULL,
      PRIMARY KEY (build_id, number)) WITHOUT ROWID;
    CREATE TABLE attempts (
      build_id TEXT NOT NULL, attempt INTEGER NOT NULL, began_ms INTEGER NOT NULL, ended_ms INTEGER, how TEXT,
      PRIMARY KEY (build_id, attempt)) WITHOUT ROWID;
    CREATE TABLE requests (
      build_id TEXT NOT NULL, at_ms INTEGER NOT NULL, triggered_by TEXT NOT NULL, joined INTEGER NOT NULL);
    CREATE INDEX requests_by_build ON requests (build_id);
    )",
};

constexpr std::string_view summary_columns =
    "build_id, workspace_ref, base_ref, triggered_by, source, created_ms, coalesce(ended_ms, 0), machine, "
    "log_begin, log_end, coalesce((SELECT began_ms FROM attempts WHERE attempts.build_id = builds.build_id "
    "ORDER BY attempt LIMIT 1), 0)";

result<build_summary> read_summary(const io::sqlite_statement& row) {
  build_summary summary;
  summary.build_id = row.text(0);
  summary.workspace_ref = row.text(1);
  summary.base_ref = row.text(2);
  summary.triggered_by = row.text(3);
  summary.source = row.text(4);
  summary.created_ms = row.integer(5);
  summary.ended_ms = row.integer(6);
  auto machine = machine_from_text(row.text(7));
  if (!machine) return machine.error();
  summary.machine = *machine;
  summary.log_begin = static_cast<uint64_t>(row.integer(8));
  summary.log_end = static_cast<uint64_t>(row.integer(9));
  summary.started_ms = row.integer(10);
  return summary;
}

error no_build(const std::string& what) {
  return {error_code::not_found, "no build " + what + " is known", "", {}};
}

/// Reads all rows of a query whose first column is a text.
result<std::vector<std::string>> texts(io::sqlite_statement& query) {
  std::vector<std::string> list;
  for (;;) {
    auto row = query.step();
    if (!row) return row.error();
    if (!*row) return list;
    list.push_back(query.text(0));
  }
}

/// The conditions of a filter, and the binding of their values in the same order.
struct condition {
  std::string sql;
  std::vector<std::variant<int64_t, std::string>> values;

  template <class... Ts>
  void add(const std::string& text, Ts... value) {
    sql += (sql.empty() ? " WHERE " : " AND ") + text;
    (values.emplace_back(std::move(value)), ...);
  }
};

condition condition_of(const build_filter& filter) {
  condition where;
  if (!filter.states.empty()) {
    std::string list;
    for (auto state : filter.states)
      list += (list.empty() ? "" : ", ") + std::to_string(static_cast<int>(state));
    where.add("state IN (" + list + ")");
  }
  if (!filter.reference.empty())
    where.add("(workspace_ref = ? OR base_ref = ?)", filter.reference, filter.reference);
  if (!filter.triggered_by.empty()) where.add("triggered_by = ?", filter.triggered_by);
  if (filter.created_from_ms) where.add("created_ms >= ?", *filter.created_from_ms);
  if (filter.created_before_ms) where.add("created_ms < ?", *filter.created_before_ms);
  if (filter.after)
    where.add("(created_ms, build_id) < (?, ?)", filter.after->created_ms, filter.after->build_id);
  return where;
}

} // namespace

result<journal_rows> journal_rows::open(const std::filesystem::path& folder, bool power_safe) {
  auto database = io::sqlite_database::open(folder / "journal.sqlite", power_safe);
  if (!database) return database.error();
  journal_rows rows(std::move(*database));
  if (auto sound = rows.check(); !sound) return sound.error();
  if (auto done = rows.database_.migrate(schema); !done) return done.error();
  return rows;
}

result<void> journal_rows::check() {
  auto query = database_.prepare("PRAGMA quick_check(1)");
  if (!query) return query.error();
  auto row = query->step();
  if (!row) return row.error();
  if (query->text(0) == "ok") return {};
  return error{error_code::unavailable, "it is damaged: " + query->text(0), "", {}};
}

result<void> journal_rows::rewrite() {
  auto version = std::to_string(std::size(schema));
  auto done = database_.execute("BEGIN IMMEDIATE; PRAGMA user_version = " + version + "; COMMIT;");
  if (!done) rollback();
  return done;
}

result<bool> journal_rows::exists(const std::string& build_id) {
  auto query = database_.prepare("SELECT 1 FROM builds WHERE build_id = ?");
  if (!query) return query.error();
  return query->bind(build_id).step();
}

result<void> journal_rows::insert(const build_plan& plan, const machine_state& machine) {
  auto statement =
      database_.prepare("INSERT INTO builds (build_id, workspace_ref, base_ref, triggered_by, source, "
                        "created_ms, state, machine, "
                        "deadline_ms, plan, log_begin, log_end) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, ?, 0, 0)");
  if (!statement) return statement.error();
  return statement->bind(plan.build_id)
      .bind(plan.workspace_ref)
      .bind(plan.base_ref)
      .bind(plan.triggered_by)
      .bind(source_in_words(plan.source))
      .bind(plan.created_ms)
      .bind(static_cast<int64_t>(machine.state))
      .bind(machine_to_text(machine))
      .bind(plan_to_text(plan, true))
      .run();
}

result<void> journal_rows::update(const std::string& build_id, const machine_state& machine,
                                  int64_t deadline_ms) {
  auto statement =
      database_.prepare("UPDATE builds SET state = ?, machine = ?, deadline_ms = ? WHERE build_id = ?");
  if (!statement) return statement.error();
  return statement->bind(static_cast<int64_t>(machine.state))
      .bind(machine_to_text(machine))
      .bind(deadline_ms)
      .bind(build_id)
      .run();
}

result<void> journal_rows::finish(const build_plan& plan, int64_t ended_ms, uint64_t log_begin,
                                  uint64_t log_end) {
  auto statement = database_.prepare("UPDATE builds SET ended_ms = ?, plan = ?, answers = NULL, log_begin = "
                                     "?, log_end = ? WHERE build_id = ?");
  if (!statement) return statement.error();
  return statement->bind(ended_ms)
      .bind(plan_to_text(plan, false))
      .bind(static_cast<int64_t>(log_begin))
      .bind(static_cast<int64_t>(log_end))
      .bind(plan.build_id)
      .run();
}

result<void> journal_rows::insert_step(const std::string& build_id, size_t number,
                                       const status_update& step) {
  auto statement = database_.prepare("INSERT INTO transitions VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
  if (!statement) return statement.error();
  return statement->bind(build_id)
      .bind(static_cast<int64_t>(number))
      .bind(step.at_ms)
      .bind(static_cast<int64_t>(step.state))
      .bind(step.attempt)
      .bind(static_cast<int64_t>(step.status))
      .bind(step.message)
      .bind(failure_to_text(step.failure))
      .run();
}

result<void> journal_rows::begin_attempt(const std::string& build_id, int attempt, int64_t at_ms) {
  auto statement =
      database_.prepare("INSERT OR IGNORE INTO attempts (build_id, attempt, began_ms) VALUES (?, ?, ?)");
  if (!statement) return statement.error();
  return statement->bind(build_id).bind(attempt).bind(at_ms).run();
}

result<void> journal_rows::end_attempt(const std::string& build_id, int attempt, int64_t at_ms,
                                       const std::string& how) {
  auto statement = database_.prepare(
      "UPDATE attempts SET ended_ms = ?, how = ? WHERE build_id = ? AND attempt = ? AND ended_ms IS NULL");
  if (!statement) return statement.error();
  return statement->bind(at_ms).bind(how).bind(build_id).bind(attempt).run();
}

result<void> journal_rows::insert_request(const request_note& note) {
  auto statement = database_.prepare("INSERT INTO requests VALUES (?, ?, ?, ?)");
  if (!statement) return statement.error();
  return statement->bind(note.build_id)
      .bind(note.at_ms)
      .bind(note.triggered_by)
      .bind(note.joined ? 1 : 0)
      .run();
}

result<void> journal_rows::update_answers(const std::string& build_id,
                                          const std::map<std::string, std::string>& answers) {
  auto statement = database_.prepare("UPDATE builds SET answers = ? WHERE build_id = ? AND ended_ms IS NULL");
  if (!statement) return statement.error();
  return statement->bind(answers_to_text(answers)).bind(build_id).run();
}

result<void> journal_rows::remove(const std::string& build_id) {
  for (const char* table : {"requests", "attempts", "transitions", "builds"}) {
    auto statement = database_.prepare(std::string("DELETE FROM ") + table + " WHERE build_id = ?");
    if (!statement) return statement.error();
    if (auto done = statement->bind(build_id).run(); !done) return done;
  }
  return {};
}

result<journal_row> journal_rows::find(const std::string& build_id) {
  auto query = database_.prepare("SELECT " + std::string(summary_columns) +
                                 ", deadline_ms, plan, answers FROM builds WHERE build_id = ?");
  if (!query) return query.error();
  auto row = query->bind(build_id).step();
  if (!row) return row.error();
  if (!*row) return no_build(build_id);
  auto summary = read_summary(*query);
  if (!summary) return summary.error();
  auto plan = plan_from_text(query->text(12));
  if (!plan) return plan.error();
  if (!query->is_null(13)) {
    auto answers = answers_from_text(query->text(13));
    if (!answers) return answers.error();
    *(*plan)->one_time_answers = std::move(*answers);
  }
  return journal_row{std::move(*plan), std::move(*summary), query->integer(11)};
}

result<std::string> journal_rows::newest_of(const std::string& workspace_ref) {
  auto query = database_.prepare(
      "SELECT build_id FROM builds WHERE workspace_ref = ? ORDER BY created_ms DESC, build_id DESC LIMIT 1");
  if (!query) return query.error();
  auto row = query->bind(workspace_ref).step();
  if (!row) return row.error();
  if (!*row) return no_build("of " + workspace_ref);
  return query->text(0);
}

result<std::vector<status_update>> journal_rows::steps(const std::string& build_id) {
  auto query = database_.prepare("SELECT at_ms, state, attempt, status, message, failure FROM transitions "
                                 "WHERE build_id = ? ORDER BY number");
  if (!query) return query.error();
  query->bind(build_id);
  std::vector<status_update> list;
  for (;;) {
    auto row = query->step();
    if (!row) return row.error();
    if (!*row) return list;
    status_update step;
    step.at_ms = query->integer(0);
    step.state = static_cast<build_state>(query->integer(1));
    step.attempt = static_cast<int>(query->integer(2));
    step.status = static_cast<build_status>(query->integer(3));
    step.message = query->text(4);
    auto failure = failure_from_text(query->text(5));
    if (!failure) return failure.error();
    step.failure = *failure;
    step.is_step = true;
    list.push_back(std::move(step));
  }
}

result<std::vector<std::string>> journal_rows::unfinished() {
  auto query =
      database_.prepare("SELECT build_id FROM builds WHERE ended_ms IS NULL ORDER BY created_ms, build_id");
  if (!query) return query.error();
  return texts(*query);
}

result<std::vector<std::string>> journal_rows::all_ids() {
  auto query = database_.prepare("SELECT build_id FROM builds");
  if (!query) return query.error();
  return texts(*query);
}

result<build_page> journal_rows::list(const build_filter& filter) {
  auto where = condition_of(filter);
  auto query = database_.prepare("SELECT " + std::string(summary_columns) + " FROM builds" + where.sql +
                                 " ORDER BY created_ms DESC, build_id DESC LIMIT ?");
  if (!query) return query.error();
  for (const auto& value : where.values)
    std::visit([&](const auto& v) { query->bind(v); }, value);
  // One more than wanted tells whether another page follows.
  query->bind(static_cast<int64_t>(filter.limit) + 1);
  build_page page;
  for (;;) {
    auto row = query->step();
    if (!row) return row.error();
    if (!*row) return page;
    if (page.builds.size() == filter.limit) {
      if (!page.builds.empty())
        page.next = listing_place{page.builds.back().created_ms, page.builds.back().build_id};
      return page;
    }
    auto summary = read_summary(*query);
    if (!summary) return summary.error();
    page.builds.push_back(std::move(*summary));
  }
}

result<std::vector<journal_rows::finished_row>> journal_rows::oldest_finished(size_t limit) {
  auto query = database_.prepare("SELECT build_id, ended_ms, log_end - log_begin FROM builds "
                                 "WHERE ended_ms IS NOT NULL ORDER BY ended_ms LIMIT ?");
  if (!query) return query.error();
  query->bind(static_cast<int64_t>(limit));
  std::vector<finished_row> list;
  for (;;) {
    auto row = query->step();
    if (!row) return row.error();
    if (!*row) return list;
    list.push_back({query->text(0), query->integer(1), static_cast<uint64_t>(query->integer(2))});
  }
}

result<journal_rows::finished_totals> journal_rows::finished() {
  auto query = database_.prepare("SELECT count(*), coalesce(sum(log_end - log_begin), 0) FROM builds "
                                 "WHERE ended_ms IS NOT NULL");
  if (!query) return query.error();
  auto row = query->step();
  if (!row) return row.error();
  return finished_totals{static_cast<size_t>(query->integer(0)), static_cast<uint64_t>(query->integer(1))};
}

} // namespace ib
