#pragma once

#include "actors/domain/log_buffer.hpp"

#include <cstdint>
#include <string>

namespace ib::test {

/// Bytes that depend on their position, so that a reader knows what belongs where.
inline char byte_at(uint64_t offset) { return static_cast<char>((offset * 2654435761U) >> 13); }

inline std::string bytes_from(uint64_t offset, size_t count) {
  std::string bytes(count, 0);
  for (size_t i = 0; i < count; ++i)
    bytes[i] = byte_at(offset + i);
  return bytes;
}

inline std::string read_all(log_buffer::cursor& cursor, size_t max_bytes = 1 << 20) {
  std::string text;
  for (auto slice = cursor.next(max_bytes); !slice.bytes.empty(); slice = cursor.next(max_bytes)) {
    text += slice.bytes;
  }
  return text;
}

/// Checks every byte of `slice` against its position; true where all fit.
inline bool fits(const log_slice& slice) {
  for (size_t i = 0; i < slice.bytes.size(); ++i) {
    if (slice.bytes[i] != byte_at(slice.offset + i)) return false;
  }
  return true;
}

} // namespace ib::test
