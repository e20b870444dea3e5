#include "actors/io/log_files.hpp"

#include "actors/io/log.hpp"
#include "actors/io/unique_fd.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <libdeflate.h>
#include <optional>
#include <string>
#include <sys/stat.h>
#include <sys/uio.h>
#include <vector>

namespace ib::io {

namespace fs = std::filesystem;

namespace {

constexpr uint32_t magic = 0x474c4249; // "IBLG"
constexpr size_t header_bytes = 24;
/// Longer text is cut into several records; a length above it is no record.
constexpr size_t max_text_bytes = size_t{1} << 20;

using header = std::array<unsigned char, header_bytes>;

void put(header& into, size_t at, uint64_t value, size_t bytes) {
  for (size_t i = 0; i < bytes; ++i)
    into[at + i] = static_cast<unsigned char>(value >> (8 * i));
}

uint64_t get(std::string_view from, size_t at, size_t bytes) {
  uint64_t value = 0;
  for (size_t i = 0; i < bytes; ++i)
    value |= static_cast<uint64_t>(static_cast<unsigned char>(from[at + i])) << (8 * i);
  return value;
}

/// The text of a record, in parts.
using record_text = std::vector<std::string_view>;

/// As few records as can hold the text; one for none.
std::vector<record_text> in_records(const shared_text& text) {
  std::vector<record_text> records(1);
  size_t room = max_text_bytes;
  text.for_each([&](std::string_view rest) {
    while (!rest.empty()) {
      if (room == 0) {
        records.emplace_back();
        room = max_text_bytes;
      }
      auto part = rest.substr(0, room);
      records.back().push_back(part);
      room -= part.size();
      rest.remove_prefix(part.size());
    }
  });
  return records;
}

size_t size_of(const record_text& text) {
  size_t size = 0;
  for (auto part : text)
    size += part.size();
  return size;
}

uint32_t checksum(std::string_view head, const record_text& text) {
  auto sum = libdeflate_crc32(0, head.data(), head.size());
  for (auto part : text)
    sum = libdeflate_crc32(sum, part.data(), part.size());
  return sum;
}

header make_header(const record_text& text, uint64_t raw_offset, int attempt) {
  header head{};
  put(head, 0, magic, 4);
  put(head, 4, size_of(text), 4);
  put(head, 8, raw_offset, 8);
  put(head, 16, static_cast<uint64_t>(attempt), 4);
  std::string_view summed(reinterpret_cast<const char*>(head.data()), 20);
  put(head, 20, checksum(summed, text), 4);
  return head;
}

struct record {
  std::string_view text;
  uint64_t raw_offset = 0;
  int attempt = 0;
};

/// The record at the beginning of `bytes`; nothing where there is no whole and sound one.
std::optional<record> first_record(std::string_view bytes) {
  if (bytes.size() < header_bytes || get(bytes, 0, 4) != magic) return std::nullopt;
  auto length = get(bytes, 4, 4);
  if (length > max_text_bytes || bytes.size() - header_bytes < length) return std::nullopt;
  auto text = bytes.substr(header_bytes, length);
  if (get(bytes, 20, 4) != checksum(bytes.substr(0, 20), {text})) return std::nullopt;
  return record{text, get(bytes, 8, 8), static_cast<int>(get(bytes, 16, 4))};
}

error disk_error(const std::string& what, const fs::path& where) {
  return {
      error_code::unavailable, "cannot " + what + " " + where.string() + ": " + std::strerror(errno), "", {}};
}

/// False, with errno, where not the whole record was written.
bool write_record(int fd, uint64_t at, const record_text& text, header head) {
  std::vector<iovec> parts{{head.data(), head.size()}};
  for (auto part : text)
    parts.push_back({const_cast<char*>(part.data()), part.size()});
  auto whole = static_cast<ssize_t>(head.size() + size_of(text));
  auto written = ::pwritev(fd, parts.data(), static_cast<int>(parts.size()), static_cast<off_t>(at));
  if (written >= 0 && written != whole) errno = ENOSPC;
  return written == whole;
}

std::string name_of(uint64_t offset) {
  auto digits = std::to_string(offset);
  return std::string(20 - digits.size(), '0') + digits + ".log";
}

/// Oldest first; none where there is no such folder. One that cannot be read is no empty log.
result<std::vector<fs::path>> files_in(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code failure;
  for (fs::directory_iterator entry(folder, failure), end; !failure && entry != end; entry.increment(failure))
    if (entry->path().extension() == ".log") files.push_back(entry->path());
  if (failure && failure != std::errc::no_such_file_or_directory) {
    errno = failure.value();
    return disk_error("read", folder);
  }
  std::sort(files.begin(), files.end());
  return files;
}

uint64_t offset_of(const fs::path& file) { return std::strtoull(file.stem().c_str(), nullptr, 10); }

result<std::string> content_of(const fs::path& file) {
  unique_fd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat info {};
  if (!fd || ::fstat(fd.get(), &info) != 0) return disk_error("read", file);
  std::string bytes(static_cast<size_t>(info.st_size), '\0');
  for (size_t at = 0; at < bytes.size();) {
    auto got = ::pread(fd.get(), bytes.data() + at, bytes.size() - at, static_cast<off_t>(at));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return disk_error("read", file);
    if (got == 0) bytes.resize(at); // somebody is cutting it
    at += static_cast<size_t>(got);
  }
  return bytes;
}

} // namespace

result<log_extent> log_files::scan(const std::function<void(uint64_t, std::string_view)>& read, uint64_t from,
                                   bool cut) const {
  log_extent extent;
  auto files = files_in(folder_);
  if (!files) return files.error();
  while (files->size() > 1 && offset_of((*files)[1]) <= from)
    files->erase(files->begin());
  if (!files->empty()) extent.begin = extent.end = offset_of(files->front());
  for (const auto& file : *files) {
    // A file that does not follow its neighbour belongs to what a broken one before it has cut off.
    bool follows = offset_of(file) == extent.end;
    auto bytes = follows ? content_of(file) : result<std::string>(std::string());
    if (!bytes) return bytes.error();
    std::string_view rest = *bytes;
    while (auto next = first_record(rest)) {
      read(extent.end, next->text);
      extent.end += next->text.size();
      extent.raw_offset = next->raw_offset;
      extent.attempt = next->attempt;
      rest.remove_prefix(header_bytes + next->text.size());
    }
    if (follows && rest.empty()) continue;
    log_warning(follows ? "a torn record at the end of a log is cut off"
                        : "a log file without its predecessor is dropped",
                {{"file", file.string()}, {"bytes", std::to_string(rest.size())}});
    std::error_code failure;
    if (!cut) break;
    if (follows)
      fs::resize_file(file, bytes->size() - rest.size(), failure);
    else
      fs::remove(file, failure);
    if (failure) {
      errno = failure.value();
      return disk_error("mend", file);
    }
  }
  return extent;
}

result<log_extent> log_files::open(const std::function<void(uint64_t, std::string_view)>& read) {
  auto extent = scan(read, 0, true);
  if (!extent) return extent;
  extent_ = *extent;
  auto files = files_in(folder_);
  if (!files) return files.error();
  if (files->empty()) return extent;
  std::error_code failure;
  file_begin_ = offset_of(files->back());
  file_size_ = fs::file_size(files->back(), failure);
  if (!failure) return extent;
  errno = failure.value();
  return disk_error("read", files->back());
}

result<log_extent> log_files::read(const std::function<void(uint64_t, std::string_view)>& read,
                                   uint64_t from) const {
  return scan(read, from, false);
}

result<void> log_files::make() {
  if (auto ready = begin_file(); !ready) return ready;
  auto path = fs::path(folder_) / name_of(file_begin_);
  unique_fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  return fd ? result<void>() : disk_error("open", path);
}

bool log_files::take_over(const log_files& made) const {
  return ::rename(made.folder_.c_str(), folder_.c_str()) == 0;
}

result<void> log_files::append(const shared_text& text, uint64_t raw_offset, int attempt) {
  if (auto ready = begin_file(); !ready) return ready;
  auto path = fs::path(folder_) / name_of(file_begin_);
  unique_fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  if (!fd) return disk_error("open", path);
  if (torn_ && ::ftruncate(fd.get(), static_cast<off_t>(file_size_)) != 0) return disk_error("mend", path);
  torn_ = false;
  is_synced_ = false;
  auto size = file_size_;
  const auto records = in_records(text);
  for (const auto& piece : records) {
    // Only the last record may claim the output to be covered, so that a torn rest is asked for again.
    auto covered = &piece == &records.back() ? raw_offset : extent_.raw_offset;
    if (!write_record(fd.get(), size, piece, make_header(piece, covered, attempt))) {
      auto failure = disk_error("write to", path);
      torn_ = ::ftruncate(fd.get(), static_cast<off_t>(file_size_)) != 0;
      return failure;
    }
    size += header_bytes + size_of(piece);
  }
  file_size_ = size;
  extent_.end += text.size();
  extent_.raw_offset = raw_offset;
  extent_.attempt = attempt;
  return {};
}

/// Makes room for an append: the folder, or the next file.
result<void> log_files::begin_file() {
  if (file_size_ > 0 && file_size_ < file_bytes) return {};
  if (::mkdir(folder_.c_str(), 0700) != 0 && errno != EEXIST) return disk_error("make", folder_);
  file_begin_ = extent_.end;
  file_size_ = 0;
  return {};
}

result<void> log_files::sync() {
  if (is_synced_) return {};
  auto files = files_in(folder_);
  if (!files) return files.error();
  for (const auto& path : *files) {
    unique_fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd || ::fdatasync(fd.get()) != 0) return disk_error("flush", path);
  }
  if (!is_entered_) {
    auto above = fs::path(folder_).parent_path();
    unique_fd fd(::open(above.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd || ::fsync(fd.get()) != 0) return disk_error("flush", above);
  }
  is_entered_ = true;
  is_synced_ = true;
  return {};
}

void log_files::drop_beginning(uint64_t keep) {
  if (keep == 0 || extent_.end - extent_.begin < keep + file_bytes) return;
  auto files = files_in(folder_);
  if (!files) return;
  for (size_t i = 0; i + 1 < files->size(); ++i) {
    auto next_begin = offset_of((*files)[i + 1]);
    if (extent_.end - next_begin < keep) return;
    std::error_code failure;
    fs::remove((*files)[i], failure);
    if (failure) return;
    extent_.begin = next_begin;
  }
}

void log_files::remove() {
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
  extent_ = {};
  file_begin_ = file_size_ = 0;
}

} // namespace ib::io
