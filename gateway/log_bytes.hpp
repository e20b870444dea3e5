#pragma once

#include "actors/domain/log_buffer.hpp"

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

/// What one message of a log holds at most. A message costs its bytes and, whatever its size, as much again
/// as 20 KiB of them: two blocks in one are a fifth cheaper than one.
inline constexpr size_t max_log_message_bytes = 2 * log_buffer::max_block_bytes;

/// The next bytes at a cursor, at most `max_bytes`, from as many blocks as it takes.
log_bytes take_bytes(log_buffer::cursor& cursor, size_t max_bytes = max_log_message_bytes);

} // namespace ib
