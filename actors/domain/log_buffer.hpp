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
/// Bytes live in blocks (as large as what comes, each at least twice the last one, up to 64 KiB) that are
/// written once and shared; a block tells by an atomic count how much of it is published. Readers pull with a
/// cursor and never delay the writer. Above the retention limit whole blocks are dropped from the beginning;
/// a cursor that is already on a dropped block misses nothing: it keeps that block and all behind it alive
/// until it has moved on.
///
/// A log that is kept elsewhere too may leave memory while nobody reads it: let_go() takes all of it away,
/// and what is appended then is in memory again, behind a gap; bring_back() closes the gap. A reader
/// announces itself by a pin, and looks only then whether what it wants is there (pin::reaches()); where it
/// is not, the writer has to be asked to bring it back. While a pin lives nothing is let go. Turns: pins are
/// counted, and the writer takes the count from zero to a mark before it takes anything away; whoever comes
/// then waits for the few instructions until the mark is gone, and sees that the bytes are, too.
class log_buffer {
public:
  static constexpr size_t smallest_block_bytes = 256;
  static constexpr size_t max_block_bytes = size_t{64} * 1024;

  /// `retention_bytes`: how much is kept at least before the beginning is dropped; 0 keeps everything.
  /// `begin_offset`: above 0 for a log whose beginning was dropped in an earlier life.
  explicit log_buffer(uint64_t retention_bytes = 0, uint64_t begin_offset = 0)
      : log_buffer(retention_bytes, begin_offset, begin_offset) {}
  /// A log of an earlier life that goes on at `end_offset` and of which nothing is in memory.
  log_buffer(uint64_t retention_bytes, uint64_t begin_offset, uint64_t end_offset);
  ~log_buffer();
  log_buffer(const log_buffer&) = delete;
  log_buffer& operator=(const log_buffer&) = delete;

  /// Appends `bytes`. Writer only. Without effect after close().
  void append(std::string_view bytes);
  /// Nothing will follow. Writer only; idempotent.
  void close();
  /// Takes everything out of memory, unless somebody reads: false then. Writer only, once all of it can be
  /// brought back.
  bool let_go();

  class earlier_bytes;
  /// The gap between what can be read from `offset` on and what is in memory, to be filled. Writer only.
  earlier_bytes gap(uint64_t offset) const;
  /// Puts bytes before those that are in memory; false where they do not reach them. Where they begin later
  /// than the gap, what is before them counts as dropped. Writer only, nothing was let go since gap().
  bool bring_back(earlier_bytes bytes);

  /// Offset of the first byte that can be read at all; above 0 once retention dropped something.
  uint64_t begin_offset() const;
  /// Offset of the first byte that is in memory.
  uint64_t memory_begin() const;
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

  /// A cursor at `offset`, moved up to memory_begin() where that is dropped already, and down to end_offset()
  /// where it is beyond. A cursor misses nothing of what follows, pinned or not.
  cursor at(uint64_t offset) const;

  /// Somebody who reads, or is about to: while one lives nothing is let go. Any thread. It keeps the log
  /// alive.
  class pin {
  public:
    pin() = default;
    explicit pin(std::shared_ptr<const log_buffer> log);
    pin(const pin& other) : pin(other.log_) {}
    pin(pin&& other) noexcept = default;
    pin& operator=(pin other) noexcept {
      log_.swap(other.log_);
      return *this;
    }
    ~pin();

    explicit operator bool() const { return log_ != nullptr; }
    /// True where all that can be read from `offset` on is in memory; it stays so while this lives.
    bool reaches(uint64_t offset) const;

  private:
    std::shared_ptr<const log_buffer> log_;
  };

private:
  static constexpr uint32_t leaving = 1U << 31; ///< in `pins_`: the writer is taking away what there is

  void put_behind(std::shared_ptr<block> fresh);
  void drop_beginning();

  shared_slot<block> head_;
  std::shared_ptr<block> tail_; ///< writer only
  const uint64_t retention_bytes_;
  std::atomic<uint64_t> begin_;
  std::atomic<uint64_t> end_;
  std::atomic<bool> closed_{false};
  mutable std::atomic<uint32_t> pins_{0};
};

/// What is gathered of a log that was let go, in order, before it is put back.
class log_buffer::earlier_bytes {
public:
  earlier_bytes(uint64_t begin, uint64_t end) : begin_(begin), position_(begin), end_(end) {}

  /// Takes of `text` what belongs into the gap and follows what was added before; the first may begin later
  /// than the gap.
  void add(uint64_t offset, std::string_view text);
  bool is_complete() const { return position_ == end_; }

private:
  friend class log_buffer;
  uint64_t begin_;
  uint64_t position_; ///< after the last byte that was added
  uint64_t end_;
  std::shared_ptr<block> first_;
  std::shared_ptr<block> last_;
};

} // namespace ib
