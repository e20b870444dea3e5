#pragma once

#include "actors/domain/result.hpp"
#include "actors/domain/shared_text.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace ib::io {

/// What the files of a log say about it.
struct log_extent {
  uint64_t begin = 0;      ///< offset of the first byte that is kept
  uint64_t end = 0;        ///< offset after the last byte
  uint64_t raw_offset = 0; ///< how much of its run's output the last record covers
  int attempt = 0;         ///< the run that the last record is from
};

/// The log of one build on disk: a folder of append-only files, each named by the offset of its first byte,
/// each a row of records with checksums. A record that a crash cut short is cut off when the log is opened
/// again. Without descriptors of its own: thousands of builds may run. For one thread at a time.
///
/// A record: magic, length of the text, offset in the run's output after it, attempt, CRC-32 of the record
/// without the checksum itself; then the text. Numbers are little-endian.
class log_files {
public:
  /// A file ends at this size, so that the beginning of a long log can be dropped file by file.
  static constexpr uint64_t file_bytes = 4ULL << 20;

  explicit log_files(const std::filesystem::path& folder) : folder_(folder.string()) {}

  /// Takes over what is there: cuts what is torn, tells every piece of text to `read` in order. A folder that
  /// is missing is an empty log. `unavailable` where the disk fails.
  result<log_extent> open(const std::function<void(uint64_t offset, std::string_view text)>& read);
  /// As open(), for a log that somebody else may be writing or that must not be touched: nothing is cut.
  /// Files that end at or before `from` are left out, and the extent is of the others.
  result<log_extent> read(const std::function<void(uint64_t offset, std::string_view text)>& read,
                          uint64_t from = 0) const;

  /// Makes the folder and its first file, which the first append does otherwise.
  result<void> make();
  /// Takes over what another one has made and nobody has written to; false where that cannot be had.
  bool take_over(const log_files& made) const;
  /// Appends text (after open() for a log that existed). Where it fails, nothing of it stays.
  result<void> append(const shared_text& text, uint64_t raw_offset, int attempt);
  /// Makes what was appended survive a loss of power; costs nothing where that was done.
  result<void> sync();
  /// Removes files from the beginning while at least `keep` bytes remain; 0 keeps everything.
  void drop_beginning(uint64_t keep);
  void remove();

  const log_extent& extent() const { return extent_; }

private:
  result<log_extent> scan(const std::function<void(uint64_t, std::string_view)>& read, uint64_t from,
                          bool cut) const;
  result<void> begin_file();

  std::string folder_; ///< a path keeps each of its parts once more, and there are thousands of logs
  log_extent extent_;
  uint64_t file_begin_ = 0; ///< offset of the first byte of the newest file
  uint64_t file_size_ = 0;  ///< size of the newest file on disk; 0 where there is none
  bool is_synced_ = false;
  bool is_entered_ = false; ///< the folder above was made to survive a loss of power with it
  bool torn_ = false;       ///< a failed append may have left bytes behind file_size_
};

} // namespace ib::io
