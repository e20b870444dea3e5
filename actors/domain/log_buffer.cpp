#include "actors/domain/log_buffer.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

namespace ib {

/// Bytes are written once, before `published` counts them; `next` is set once, after the last of them, and
/// `followed` tells that it is. One without room stands where nothing is in memory.
struct log_buffer::block {
  block(uint64_t start_offset, size_t size)
      : start(start_offset),
        capacity(size),
        bytes(size == 0 ? nullptr : std::make_unique_for_overwrite<char[]>(size)) {}

  /// Releases the chain behind it in a loop: left to itself each block would destroy the next one inside its
  /// own destructor, and a long log would overflow the stack.
  ~block() {
    auto following = next.exchange(nullptr);
    while (following && following.use_count() == 1)
      following = following->next.exchange(nullptr);
  }
  block(const block&) = delete;
  block& operator=(const block&) = delete;

  void lead_to(std::shared_ptr<block> following) {
    next.exchange(std::move(following));
    followed.store(true, std::memory_order_release);
  }

  /// Offset after the last byte so far.
  uint64_t end() const { return start + published.load(std::memory_order_relaxed); }

  const uint64_t start; ///< offset of the first byte in the whole log
  const size_t capacity;
  const std::unique_ptr<char[]> bytes;
  std::atomic<size_t> published{0};
  std::atomic<bool> followed{false};
  shared_slot<block> next;
};

log_buffer::log_buffer(uint64_t retention_bytes, uint64_t begin_offset, uint64_t end_offset)
    : tail_(std::make_shared<block>(end_offset, 0)),
      retention_bytes_(retention_bytes),
      begin_(begin_offset),
      end_(end_offset) {
  head_.exchange(tail_);
  drop_beginning();
}

log_buffer::~log_buffer() = default;

void log_buffer::append(std::string_view bytes) {
  if (closed_.load(std::memory_order_relaxed)) return;
  while (!bytes.empty()) {
    const auto used = tail_->published.load(std::memory_order_relaxed);
    if (used == tail_->capacity) {
      auto size = std::max({std::bit_ceil(bytes.size()), tail_->capacity * 2, smallest_block_bytes});
      put_behind(std::make_shared<block>(tail_->start + used, std::min(size, max_block_bytes)));
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

void log_buffer::put_behind(std::shared_ptr<block> fresh) {
  tail_->lead_to(fresh);
  const bool was_empty = tail_->capacity == 0 && head_.load() == tail_;
  tail_ = std::move(fresh);
  if (was_empty) head_.exchange(tail_);
}

void log_buffer::drop_beginning() {
  if (retention_bytes_ == 0) return;
  const auto end = end_.load(std::memory_order_relaxed);
  auto begin = begin_.load(std::memory_order_relaxed);
  if (end - begin < retention_bytes_) return;
  auto head = head_.load();
  const auto* first = head.get();
  while (head != tail_ && end - head->end() >= retention_bytes_) {
    head = head->next.load();
    begin = head->start;
  }
  // What is not in memory is dropped in like steps.
  if (end - begin >= retention_bytes_ + max_block_bytes)
    begin = std::min(end - retention_bytes_, head->start);
  begin_.store(begin, std::memory_order_release);
  if (head.get() != first) head_.exchange(std::move(head));
}

bool log_buffer::let_go() {
  if (memory_begin() == end_offset()) return true;
  uint32_t nobody = 0;
  if (!pins_.compare_exchange_strong(nobody, leaving)) return false;
  // Behind what there is: whoever has a cursor without a pin goes on there.
  put_behind(std::make_shared<block>(end_offset(), 0));
  const auto taken = head_.exchange(tail_);
  pins_.fetch_and(~leaving);
  pins_.notify_all();
  return true;
}

log_buffer::earlier_bytes log_buffer::gap(uint64_t offset) const {
  const auto in_memory = memory_begin();
  return {std::min(std::max(offset, begin_offset()), in_memory), in_memory};
}

void log_buffer::earlier_bytes::add(uint64_t offset, std::string_view text) {
  if (!first_ && offset > position_) position_ = std::min(offset, end_);
  if (offset > position_ || offset + text.size() <= position_) return;
  text = text.substr(position_ - offset, end_ - position_);
  while (!text.empty()) {
    if (!last_ || last_->published == last_->capacity) {
      auto fresh = std::make_shared<block>(position_, std::min<uint64_t>(end_ - position_, max_block_bytes));
      if (last_)
        last_->lead_to(fresh);
      else
        first_ = fresh;
      last_ = std::move(fresh);
    }
    const auto used = last_->published.load(std::memory_order_relaxed);
    const auto count = std::min(text.size(), last_->capacity - used);
    std::memcpy(last_->bytes.get() + used, text.data(), count);
    last_->published.store(used + count, std::memory_order_relaxed);
    position_ += count;
    text.remove_prefix(count);
  }
}

bool log_buffer::bring_back(earlier_bytes bytes) {
  auto head = head_.load();
  if (!bytes.is_complete() || bytes.end_ != head->start) return false;
  const auto start = bytes.first_ ? bytes.first_->start : head->start;
  if (start > bytes.begin_) begin_.store(start, std::memory_order_release);
  if (!bytes.first_) return true;
  bytes.last_->lead_to(std::move(head));
  head_.exchange(std::move(bytes.first_));
  return true;
}

void log_buffer::close() { closed_.store(true, std::memory_order_release); }

uint64_t log_buffer::begin_offset() const { return begin_.load(std::memory_order_acquire); }

uint64_t log_buffer::memory_begin() const { return head_.load()->start; }

uint64_t log_buffer::end_offset() const { return end_.load(std::memory_order_acquire); }

bool log_buffer::closed() const { return closed_.load(std::memory_order_acquire); }

log_buffer::cursor log_buffer::at(uint64_t offset) const {
  cursor position;
  position.offset_ = std::min(offset, end_offset());
  position.block_ = head_.load();
  position.offset_ = std::max(position.offset_, position.block_->start);
  while (position.block_->followed.load(std::memory_order_acquire)) {
    auto next = position.block_->next.load();
    if (next->start > position.offset_) break;
    position.block_ = std::move(next);
  }
  return position;
}

log_slice log_buffer::cursor::next(size_t max_bytes) {
  while (block_) {
    // Asked before the count: of a block that is followed no more will be published.
    const bool whole = block_->followed.load(std::memory_order_acquire);
    const auto from = static_cast<size_t>(offset_ - block_->start);
    const auto there = block_->published.load(std::memory_order_acquire) - from;
    if (there == 0 && whole) {
      block_ = block_->next.load();
      continue;
    }
    const auto count = std::min(there, max_bytes);
    if (count == 0) break;
    log_slice slice{block_, std::string_view(block_->bytes.get() + from, count), offset_};
    offset_ += count;
    return slice;
  }
  return {nullptr, {}, offset_};
}

log_buffer::pin::pin(std::shared_ptr<const log_buffer> log) : log_(std::move(log)) {
  if (!log_) return;
  auto count = log_->pins_.fetch_add(1) + 1;
  while ((count & leaving) != 0) {
    log_->pins_.wait(count);
    count = log_->pins_.load();
  }
}

log_buffer::pin::~pin() {
  if (log_) log_->pins_.fetch_sub(1, std::memory_order_release);
}

bool log_buffer::pin::reaches(uint64_t offset) const {
  // In this order: where retention drops something in between, that is no gap.
  const auto in_memory = log_->memory_begin();
  return in_memory <= std::max(offset, log_->begin_offset());
}

} // namespace ib
