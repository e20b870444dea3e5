#include "gateway/log_bytes.hpp"

#include <algorithm>

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

size_t reading_pace::next(clock::time_point now) {
  bytes_ = now - last_ <= quick ? std::min(2 * bytes_, max_log_message_bytes) : least_bytes;
  last_ = now;
  return bytes_;
}

} // namespace ib
