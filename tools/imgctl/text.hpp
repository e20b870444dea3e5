#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace ib::imgctl {

/// Text as a terminal shows it. Everything here is pure.

/// Columns that `text` takes: escape sequences none, wide characters two. Not UTF-8: one per byte.
size_t display_width(std::string_view text);

/// `text` in at most `columns` columns, ended by "…" where something was cut off. Colour sequences are kept,
/// and reset at the end.
std::string cut(std::string_view text, size_t columns);

/// `line` without what could move the cursor or change the terminal: control characters and escape sequences
/// go, a tab becomes spaces, colours stay where `keep_color`.
std::string sanitize(std::string_view line, bool keep_color);

/// `text` on one line: line breaks become "; ", other control characters go.
std::string one_line(std::string_view text);

/// The non-empty lines of `text`, each sanitized without colour.
std::vector<std::string> safe_lines(std::string_view text);

/// "0.4s", "12.4s", "3m05s", "1h02m".
std::string format_elapsed(std::chrono::milliseconds elapsed);

/// An image reference in at most `columns` columns: first its hash is shortened to 12 characters, then its
/// beginning.
std::string shorten_reference(const std::string& ref, size_t columns);

/// How many bytes at the end of `text` are the beginning of a UTF-8 character whose rest may still come.
size_t incomplete_tail(std::string_view text);

/// Cuts a byte stream into lines. A carriage return begins the line anew, as on a terminal.
class line_splitter {
public:
  /// The lines that `bytes` completes, without their ends.
  std::vector<std::string> feed(std::string_view bytes);

  /// What came after the last line end; empty afterwards.
  std::string take_rest();

private:
  std::string partial_;
};

} // namespace ib::imgctl
