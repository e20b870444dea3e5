#pragma once

#include "actors/domain/result.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace ib::io {

/// Compiled statements that are not in use, by their text: compiling one costs more than running it.
class sqlite_statements {
public:
  sqlite_statements() = default;
  ~sqlite_statements();
  sqlite_statements(const sqlite_statements&) = delete;
  sqlite_statements& operator=(const sqlite_statements&) = delete;

  /// Null where none is at hand.
  sqlite3_stmt* take(std::string_view sql);
  /// Forgets its values first, some of which are secrets.
  void give_back(sqlite3_stmt* statement);

private:
  std::map<std::string, sqlite3_stmt*, std::less<>> idle_;
};

/// One statement with its values; made by sqlite_database::prepare(), which has to outlive it. Steps through
/// rows.
class sqlite_statement {
public:
  sqlite_statement& bind(int64_t value);
  sqlite_statement& bind(std::string_view text);
  sqlite_statement& bind_null();

  /// The next row: true, or false behind the last one.
  result<bool> step();
  /// For statements without rows.
  result<void> run();

  int64_t integer(int column) const;
  std::string text(int column) const;
  bool is_null(int column) const;

private:
  friend class sqlite_database;
  struct return_to {
    sqlite_statements* statements = nullptr;
    void operator()(sqlite3_stmt* statement) const { statements->give_back(statement); }
  };
  sqlite_statement(sqlite3* database, sqlite3_stmt* statement, sqlite_statements* from)
      : database_(database), statement_(statement, return_to{from}) {}

  sqlite3* database_;
  std::unique_ptr<sqlite3_stmt, return_to> statement_;
  int bound_ = 0;
  int bind_failure_ = 0;
};

/// An SQLite database for one thread at a time. Every failure of it is `unavailable` with SQLite's words,
/// except a schema that is newer than this program (failed_precondition).
class sqlite_database {
public:
  /// Opens or makes the file (mode 0600), in WAL mode. With `power_safe` a commit survives a loss of power.
  static result<sqlite_database> open(const std::filesystem::path& file, bool power_safe);

  result<sqlite_statement> prepare(std::string_view sql);
  /// Several statements without values.
  result<void> execute(const std::string& sql);
  /// True where nothing can be written although it could be opened: a file system that was read-only then.
  /// It stays so until the file is opened again.
  bool is_read_only() const;
  /// Brings the schema from the version in the file to the newest: `steps[i]` leads from version i to i + 1.
  template <size_t N>
  result<void> migrate(const char* const (&steps)[N]) {
    return migrate(steps, N);
  }

private:
  struct closer {
    void operator()(sqlite3* database) const;
  };
  explicit sqlite_database(sqlite3* database) : database_(database) {}
  result<void> migrate(const char* const* steps, size_t count);

  std::unique_ptr<sqlite3, closer> database_;
  std::unique_ptr<sqlite_statements> statements_ = std::make_unique<sqlite_statements>();
};

} // namespace ib::io
