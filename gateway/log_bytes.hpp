#pragma once

#include "actors/domain/log_buffer.hpp"

#include <chrono>
#include <cstdint>
#include <utility>
#include <vector>

namespace ib {

/// Contiguous bytes of a log out of one or several of its blocks, referenced and not copied.
struct log_bytes {
  log_bytes() = default;
  log_bytes(log_slice slice) : size(slice.bytes.size()), offset(slice.offset) { // NOLINT: a slice is such
    parts.push_back(std::move(slice));
  }
  bool empty() const { return size == 0; }

  std::vector<log_slice> parts;
  size_t size = 0;
  uint64_t offset = 0; ///< of the first byte, also where there is none
};

/// What one message of a log holds at most; far below the 4 MiB that a client takes by default.
inline constexpr size_t max_log_message_bytes = 8 * log_buffer::max_block_bytes;

/// The next bytes at a cursor, at most `max_bytes`, from as many blocks as it takes.
log_bytes take_bytes(log_buffer::cursor& cursor, size_t max_bytes = max_log_message_bytes);

/// How much one reader gets in a message. A message costs its bytes and, whatever its size, as much again as
/// 20 KiB of them; yet its reader sees nothing before it has all, and it holds its blocks meanwhile. So who
/// takes messages quickly gets larger ones, and everybody else small ones.
class reading_pace {
public:
  using clock = std::chrono::steady_clock;
  static constexpr size_t least_bytes = 2 * log_buffer::max_block_bytes;
  static constexpr clock::duration quick = std::chrono::milliseconds(20);

  /// What the message that is made now may hold, at most max_log_message_bytes. The last one was taken.
  size_t next(clock::time_point now);

private:
  size_t bytes_ = least_bytes;
  clock::time_point last_;
};

} // namespace ib
