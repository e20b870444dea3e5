#include "actors/io/sqlite.hpp"

#include <sqlite3.h>

#include <fcntl.h>
#include <unistd.h>

namespace ib::io {

namespace {

constexpr int busy_timeout_ms = 5'000;
/// More than the program knows; what is put together of filters is not to grow without end.
constexpr size_t max_idle_statements = 64;

error failure_of(sqlite3* database, int code) {
  std::string words = database != nullptr ? sqlite3_errmsg(database) : sqlite3_errstr(code);
  return {error_code::unavailable, words, "", {}};
}

} // namespace

sqlite_statements::~sqlite_statements() {
  for (auto& [sql, statement] : idle_)
    sqlite3_finalize(statement);
}

sqlite3_stmt* sqlite_statements::take(std::string_view sql) {
  auto found = idle_.find(sql);
  if (found == idle_.end()) return nullptr;
  auto* statement = found->second;
  idle_.erase(found);
  return statement;
}

void sqlite_statements::give_back(sqlite3_stmt* statement) {
  sqlite3_reset(statement);
  sqlite3_clear_bindings(statement);
  const char* sql = sqlite3_sql(statement);
  if (idle_.size() >= max_idle_statements || !idle_.try_emplace(sql, statement).second)
    sqlite3_finalize(statement);
}

sqlite_statement& sqlite_statement::bind(int64_t value) {
  bind_failure_ |= sqlite3_bind_int64(statement_.get(), ++bound_, value);
  return *this;
}

sqlite_statement& sqlite_statement::bind(std::string_view text) {
  bind_failure_ |= sqlite3_bind_text64(statement_.get(), ++bound_, text.data(), text.size(), SQLITE_TRANSIENT,
                                       SQLITE_UTF8);
  return *this;
}

sqlite_statement& sqlite_statement::bind_null() {
  bind_failure_ |= sqlite3_bind_null(statement_.get(), ++bound_);
  return *this;
}

result<bool> sqlite_statement::step() {
  if (bind_failure_ != SQLITE_OK) return failure_of(nullptr, bind_failure_);
  int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return failure_of(database_, code);
}

result<void> sqlite_statement::run() {
  auto row = step();
  if (!row) return row.error();
  return {};
}

int64_t sqlite_statement::integer(int column) const { return sqlite3_column_int64(statement_.get(), column); }

std::string sqlite_statement::text(int column) const {
  auto* bytes = sqlite3_column_text(statement_.get(), column);
  if (bytes == nullptr) return {};
  auto size = static_cast<size_t>(sqlite3_column_bytes(statement_.get(), column));
  return {reinterpret_cast<const char*>(bytes), size};
}

bool sqlite_statement::is_null(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

void sqlite_database::closer::operator()(sqlite3* database) const { sqlite3_close_v2(database); }

result<sqlite_database> sqlite_database::open(const std::filesystem::path& file, bool power_safe) {
  // SQLite would make it readable to everybody whom the umask allows; the files beside it get its mode.
  int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd >= 0) ::close(fd);
  sqlite3* raw = nullptr;
  int code = sqlite3_open_v2(file.c_str(), &raw,
                             SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  sqlite_database database(raw);
  if (code != SQLITE_OK) return failure_of(raw, code);
  sqlite3_busy_timeout(raw, busy_timeout_ms);
  // SQLite keeps 2 MB of pages for each database. What is written is seldom read again, and the system has
  // it.
  if (auto done = database.execute("PRAGMA cache_size = -128;"); !done) return done.error();
  std::string settings = "PRAGMA journal_mode = WAL; PRAGMA secure_delete = ON; PRAGMA synchronous = ";
  if (auto done = database.execute(settings + (power_safe ? "FULL;" : "NORMAL;")); !done) return done.error();
  return database;
}

result<sqlite_statement> sqlite_database::prepare(std::string_view sql) {
  auto* raw = statements_->take(sql);
  if (raw == nullptr) {
    int code = sqlite3_prepare_v3(database_.get(), sql.data(), static_cast<int>(sql.size()),
                                  SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
    if (code != SQLITE_OK) return failure_of(database_.get(), code);
  }
  return sqlite_statement(database_.get(), raw, statements_.get());
}

result<void> sqlite_database::execute(const std::string& sql) {
  int code = sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return failure_of(database_.get(), code);
  return {};
}

bool sqlite_database::is_read_only() const { return sqlite3_db_readonly(database_.get(), "main") == 1; }

result<void> sqlite_database::migrate(const char* const* steps, size_t count) {
  auto query = prepare("PRAGMA user_version");
  if (!query) return query.error();
  auto row = query->step();
  if (!row) return row.error();
  auto version = static_cast<size_t>(query->integer(0));
  if (version > count)
    return error{error_code::failed_precondition,
                 "its schema has version " + std::to_string(version) + ", this program knows " +
                     std::to_string(count) + ": it was written by a newer version",
                 "",
                 {}};
  *query = sqlite_statement(nullptr, nullptr, nullptr);
  for (; version < count; ++version) {
    auto step = std::string("BEGIN IMMEDIATE;") + steps[version] +
                "PRAGMA user_version = " + std::to_string(version + 1) + "; COMMIT;";
    if (auto done = execute(step); !done) {
      static_cast<void>(execute("ROLLBACK"));
      return done;
    }
  }
  return {};
}

} // namespace ib::io
