#pragma once

#include "actors/io/unique_fd.hpp"

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <sys/types.h>

namespace ib::io {

struct pipe_ends {
  unique_fd read;
  unique_fd write;
};

/// A pipe for a child's output, closed on exec, its read end non-blocking.
std::optional<pipe_ends> make_output_pipe();

/// A private file in memory with the text, at its start: what a child reads as its standard input. A pipe
/// would have to be fed while the child runs.
unique_fd input_file(const std::string& text);

/// Reads a pipe and gives what comes on in pieces of at most 256 KiB that end with a line where they can. Of
/// its own it keeps the begun line alone.
class line_cutter {
public:
  static constexpr size_t piece_bytes = 256 * 1024; ///< as much as a pipe holds

  explicit line_cutter(std::function<void(std::string_view)> sink) : sink_(std::move(sink)) {}

  /// One read(2), by way of `scratch` (piece_bytes of anybody's memory); returns what it returned.
  ssize_t read(int fd, std::span<char> scratch);
  /// Gives the begun line on.
  void flush();

private:
  void pass(std::string_view bytes);
  void pass_behind_rest(std::string_view bytes);
  void give(std::string_view bytes) const {
    if (!bytes.empty() && sink_) sink_(bytes);
  }

  std::function<void(std::string_view)> sink_;
  std::string rest_;
};

} // namespace ib::io
