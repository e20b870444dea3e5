#pragma once

#include "actors/domain/result.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace ib::io {

/// One statement with its values; made by sqlite_database::prepare(). Steps through rows.
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
  struct finalizer {
    void operator()(sqlite3_stmt* statement) const;
  };
  sqlite_statement(sqlite3* database, sqlite3_stmt* statement) : database_(database), statement_(statement) {}

  sqlite3* database_;
  std::unique_ptr<sqlite3_stmt, finalizer> statement_;
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
};

} // namespace ib::io
