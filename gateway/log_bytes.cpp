#include "gateway/log_bytes.hpp"

namespace ib {

log_bytes take_bytes(log_buffer::cursor& cursor, size_t max_bytes) {
  log_bytes taken;
  taken.offset = cursor.offset();
  while (taken.size < max_bytes) {
    auto slice = cursor.next(max_bytes - taken.size);
    if (slice.bytes.empty()) break;
    taken.size += slice.bytes.size();
    taken.parts.push_back(std::move(slice));
  }
  return taken;
}

} // namespace ib
