#include "actors/domain/log_buffer.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace ib {

/// Bytes are written once, before `published` counts them; `next` is set once, after the last of them.
struct log_buffer::block {
  block(uint64_t start_offset, size_t size)
      : start(start_offset), capacity(size), bytes(std::make_unique_for_overwrite<char[]>(size)) {}

  /// Releases the chain behind it in a loop: left to itself each block would destroy the next one inside its
  /// own destructor, and a long log would overflow the stack.
  ~block() {
    auto following = next.exchange(nullptr);
    while (following && following.use_count() == 1)
      following = following->next.exchange(nullptr);
  }
  block(const block&) = delete;
  block& operator=(const block&) = delete;

  const uint64_t start; ///< offset of the first byte in the whole log
  const size_t capacity;
  const std::unique_ptr<char[]> bytes;
  std::atomic<size_t> published{0};
  shared_slot<block> next;
};

log_buffer::log_buffer(uint64_t retention_bytes, uint64_t begin_offset)
    : tail_(std::make_shared<block>(begin_offset, first_block_bytes)),
      retention_bytes_(retention_bytes),
      end_(begin_offset) {
  head_.exchange(tail_);
}

log_buffer::~log_buffer() = default;

void log_buffer::append(std::string_view bytes) {
  if (closed_.load(std::memory_order_relaxed)) return;
  while (!bytes.empty()) {
    const auto used = tail_->published.load(std::memory_order_relaxed);
    if (used == tail_->capacity) {
      auto fresh =
          std::make_shared<block>(tail_->start + used, std::min(tail_->capacity * 2, max_block_bytes));
      tail_->next.exchange(fresh);
      tail_ = std::move(fresh);
      continue;
    }
    const auto count = std::min(bytes.size(), tail_->capacity - used);
    std::memcpy(tail_->bytes.get() + used, bytes.data(), count);
    tail_->published.store(used + count, std::memory_order_release);
    end_.store(tail_->start + used + count, std::memory_order_release);
    bytes.remove_prefix(count);
  }
  drop_beginning();
}

void log_buffer::drop_beginning() {
  if (retention_bytes_ == 0) return;
  const auto end = end_.load(std::memory_order_relaxed);
  auto head = head_.load();
  while (head != tail_ && end - (head->start + head->capacity) >= retention_bytes_) {
    head = head->next.load();
    head_.exchange(head);
  }
}

void log_buffer::close() { closed_.store(true, std::memory_order_release); }

uint64_t log_buffer::begin_offset() const { return head_.load()->start; }

uint64_t log_buffer::end_offset() const { return end_.load(std::memory_order_acquire); }

bool log_buffer::closed() const { return closed_.load(std::memory_order_acquire); }

log_buffer::cursor log_buffer::at(uint64_t offset) const {
  cursor position;
  position.offset_ = std::min(offset, end_offset());
  position.block_ = head_.load();
  position.offset_ = std::max(position.offset_, position.block_->start);
  while (position.offset_ >= position.block_->start + position.block_->capacity) {
    auto next = position.block_->next.load();
    if (!next) break;
    position.block_ = std::move(next);
  }
  return position;
}

log_slice log_buffer::cursor::next(size_t max_bytes) {
  if (!block_) return {nullptr, {}, offset_};
  if (offset_ == block_->start + block_->capacity) {
    auto following = block_->next.load();
    if (!following) return {nullptr, {}, offset_};
    block_ = std::move(following);
  }
  const auto from = static_cast<size_t>(offset_ - block_->start);
  const auto count = std::min(block_->published.load(std::memory_order_acquire) - from, max_bytes);
  if (count == 0) return {nullptr, {}, offset_};
  log_slice slice{block_, std::string_view(block_->bytes.get() + from, count), offset_};
  offset_ += count;
  return slice;
}

} // namespace ib
