#include "actors/io/child_pipes.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <utility>

namespace ib::io {

namespace {

constexpr int pipe_bytes = 256 * 1024;
/// A begun line up to here is read behind itself; a longer one would be copied again with every read.
constexpr size_t short_rest = 4 * 1024;

/// A service started with a closed standard stream would get one of the numbers 0 to 2, which the child's
/// own streams overwrite: such descriptors are moved up.
unique_fd above_standard_streams(unique_fd fd) {
  if (!fd || fd.get() > STDERR_FILENO) return fd;
  return unique_fd(::fcntl(fd.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
}

} // namespace

std::optional<pipe_ends> make_output_pipe() {
  std::array<int, 2> raw{};
  if (::pipe2(raw.data(), O_CLOEXEC) != 0) return std::nullopt;
  pipe_ends ends{unique_fd(raw[0]), unique_fd(raw[1])};
  ends.read = above_standard_streams(std::move(ends.read));
  ends.write = above_standard_streams(std::move(ends.write));
  if (!ends.read || !ends.write || ::fcntl(ends.read.get(), F_SETFL, O_NONBLOCK) != 0) return std::nullopt;
  // So that the child does not wait for each of our reads. Where the user has had enough of them it stays as
  // it is.
  ::fcntl(ends.read.get(), F_SETPIPE_SZ, pipe_bytes);
  return ends;
}

unique_fd input_file(const std::string& text) {
  auto file = above_standard_streams(unique_fd(::memfd_create("input", MFD_CLOEXEC)));
  for (size_t written = 0; file && written < text.size();) {
    auto count = ::write(file.get(), text.data() + written, text.size() - written);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return {};
    written += static_cast<size_t>(count);
  }
  if (file && ::lseek(file.get(), 0, SEEK_SET) != 0) return {};
  return file;
}

ssize_t line_cutter::read(int fd, std::span<char> scratch) {
  const bool behind_itself = rest_.size() <= short_rest;
  const size_t begin = behind_itself ? rest_.size() : 0;
  if (begin > 0) std::memcpy(scratch.data(), rest_.data(), begin);
  auto got = ::read(fd, scratch.data() + begin, piece_bytes - rest_.size());
  if (got <= 0) return got;
  const std::string_view bytes(scratch.data(), begin + static_cast<size_t>(got));
  if (behind_itself)
    pass(bytes);
  else
    pass_behind_rest(bytes);
  return got;
}

/// A new string each time: what a long line took is let go with it.
void line_cutter::pass(std::string_view bytes) {
  auto newline = bytes.rfind('\n');
  auto whole = newline == std::string_view::npos ? 0 : newline + 1;
  if (whole == 0 && bytes.size() == piece_bytes) whole = bytes.size();
  rest_ = std::string(bytes.substr(whole));
  give(bytes.substr(0, whole));
}

void line_cutter::pass_behind_rest(std::string_view bytes) {
  auto newline = bytes.rfind('\n');
  rest_ += bytes.substr(0, newline == std::string_view::npos ? newline : newline + 1);
  if (newline == std::string_view::npos && rest_.size() < piece_bytes) return;
  bytes = newline == std::string_view::npos ? std::string_view() : bytes.substr(newline + 1);
  auto piece = std::exchange(rest_, std::string(bytes));
  give(piece);
}

void line_cutter::flush() { give(std::exchange(rest_, {})); }

} // namespace ib::io
