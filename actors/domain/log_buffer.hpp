#pragma once

#include "actors/domain/shared_slot.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace ib {

/// A contiguous piece of a log. `owner` keeps the bytes alive, so that they can be sent without a copy.
struct log_slice {
  std::shared_ptr<const void> owner;
  std::string_view bytes;
  uint64_t offset = 0; ///< position of the first byte in the whole log
};

/// An append-only log of bytes addressed by offset: one writer, any number of readers on any thread, no locks
/// for readers.
///
/// Bytes live in blocks (small first, then up to 64 KiB) that are written once and shared; a block tells by
/// an atomic count how much of it is published. Readers pull with a cursor and never delay the writer. Above
/// the retention limit whole blocks are dropped from the beginning; a cursor that is already on a dropped
/// block misses nothing: it keeps that block and all behind it alive until it has moved on.
class log_buffer {
public:
  static constexpr size_t first_block_bytes = 1024;
  static constexpr size_t max_block_bytes = size_t{64} * 1024;

  /// `retention_bytes`: how much is kept at least before the beginning is dropped; 0 keeps everything.
  /// `begin_offset`: above 0 for a log whose beginning was dropped in an earlier life.
  explicit log_buffer(uint64_t retention_bytes = 0, uint64_t begin_offset = 0);
  ~log_buffer();
  log_buffer(const log_buffer&) = delete;
  log_buffer& operator=(const log_buffer&) = delete;

  /// Appends `bytes`. Writer only. Without effect after close().
  void append(std::string_view bytes);
  /// Nothing will follow. Writer only; idempotent.
  void close();

  /// Offset of the first byte that a new cursor can read; above 0 once retention dropped something.
  uint64_t begin_offset() const;
  /// Offset after the last published byte: the length of the whole log so far.
  uint64_t end_offset() const;
  /// True once close() was called; bytes published before are visible to whoever sees true.
  bool closed() const;

  struct block;

  /// A reader's position. Cheap to copy; it owns the block it stands on, so it stays valid after the log is
  /// gone.
  class cursor {
  public:
    cursor() = default;
    /// The next contiguous bytes, at most `max_bytes`, and moves behind them; empty bytes where nothing is
    /// published yet.
    log_slice next(size_t max_bytes);
    /// Offset of the byte that next() would return first.
    uint64_t offset() const { return offset_; }

  private:
    friend class log_buffer;
    std::shared_ptr<block> block_;
    uint64_t offset_ = 0;
  };

  /// A cursor at `offset`, moved up to begin_offset() where that is dropped already, and down to end_offset()
  /// where it is beyond.
  cursor at(uint64_t offset) const;

private:
  void drop_beginning();

  shared_slot<block> head_;
  std::shared_ptr<block> tail_; ///< writer only
  const uint64_t retention_bytes_;
  std::atomic<uint64_t> end_;
  std::atomic<bool> closed_{false};
};

} // namespace ib
