#include "actors/io/process.hpp"

#include "actors/io/fault_points.hpp"
#include "actors/io/process_group.hpp"
#include "actors/io/unique_fd.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <thread>

namespace ib::io {

namespace {

constexpr size_t chunk_bytes = 64 * 1024;
constexpr size_t first_chunk_bytes = 4 * 1024;
constexpr int pipe_bytes = 256 * 1024;
/// Between two looks whether an injected fault still keeps a pipe from being read.
constexpr int held_pipe_look_ms = 20;

struct pipe_ends {
  unique_fd read;
  unique_fd write;
};

/// A pipe closed on exec, its read end non-blocking. A service started with a closed standard stream would
/// get one of the numbers 0 to 2, which the child's own streams overwrite: such ends are moved up.
std::optional<pipe_ends> make_pipe() {
  std::array<int, 2> raw{};
  if (::pipe2(raw.data(), O_CLOEXEC) != 0) return std::nullopt;
  pipe_ends ends{unique_fd(raw[0]), unique_fd(raw[1])};
  for (auto* end : {&ends.read, &ends.write})
    if (end->get() <= STDERR_FILENO)
      *end = unique_fd(::fcntl(end->get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
  if (!ends.read || !ends.write || ::fcntl(ends.read.get(), F_SETFL, O_NONBLOCK) != 0) return std::nullopt;
  // So that the child does not wait for each of our reads. Where the user has had enough of them it stays as
  // it is.
  ::fcntl(ends.read.get(), F_SETPIPE_SZ, pipe_bytes);
  return ends;
}

/// A private file in memory with the text, at its start. A pipe would have to be fed while the child runs.
unique_fd input_file(const std::string& text) {
  unique_fd file(::memfd_create("input", MFD_CLOEXEC));
  if (file && file.get() <= STDERR_FILENO)
    file = unique_fd(::fcntl(file.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
  for (size_t written = 0; file && written < text.size();) {
    auto count = ::write(file.get(), text.data() + written, text.size() - written);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return {};
    written += static_cast<size_t>(count);
  }
  if (file && ::lseek(file.get(), 0, SEEK_SET) != 0) return {};
  return file;
}

/// Gives output on in pieces that end with a line where they can.
class line_chunks {
public:
  explicit line_chunks(const std::function<void(std::string_view)>& sink) : sink_(sink) {}

  /// The free part of the buffer, never empty.
  std::pair<char*, size_t> room() { return {buffer_.get() + used_, size_ - used_}; }

  void added(size_t bytes) {
    used_ += bytes;
    bool full = used_ == size_;
    std::string_view all(buffer_.get(), used_);
    auto newline = all.rfind('\n');
    if (newline != std::string_view::npos)
      give(newline + 1);
    else if (used_ == chunk_bytes)
      give(used_);
    if (full && size_ < chunk_bytes) grow();
  }

  void flush() { give(used_); }

private:
  void give(size_t bytes) {
    if (bytes == 0) return;
    if (sink_) sink_({buffer_.get(), bytes});
    std::memmove(buffer_.get(), buffer_.get() + bytes, used_ - bytes);
    used_ -= bytes;
  }

  void grow() {
    auto larger = std::make_unique_for_overwrite<char[]>(size_ * 2);
    std::memcpy(larger.get(), buffer_.get(), used_);
    buffer_ = std::move(larger);
    size_ *= 2;
  }

  const std::function<void(std::string_view)>& sink_;
  size_t size_ = first_chunk_bytes; ///< most children say little: doubled whenever a read fills it
  std::unique_ptr<char[]> buffer_ = std::make_unique_for_overwrite<char[]>(size_);
  size_t used_ = 0;
};

/// What a child writes: its stderr and stdout, or its stderr and a captured stdout.
class output_pump {
public:
  output_pump(const process_spec& spec, pid_t group, unique_fd merged, unique_fd captured)
      : lines_(spec.on_output),
        limit_(spec.max_captured_bytes),
        faults_(spec.faults),
        group_(group),
        merged_(std::move(merged)),
        captured_(std::move(captured)) {}

  /// Pumps until the leader has ended, or more was captured than allowed.
  void run(int leader_fd) {
    while (!over_limit_) {
      bool held = faults_ != nullptr && faults_->holds_pipe(group_);
      std::array<pollfd, 3> waiting{pollfd{leader_fd, POLLIN, 0},
                                    pollfd{held ? -1 : merged_.get(), POLLIN, 0},
                                    pollfd{held ? -1 : captured_.get(), POLLIN, 0}};
      if (::poll(waiting.data(), waiting.size(), held ? held_pipe_look_ms : -1) < 0) {
        if (errno == EINTR) continue;
        return;
      }
      if (waiting[1].revents && !read_merged()) merged_.reset();
      if (waiting[2].revents && !read_captured()) captured_.reset();
      if (waiting[0].revents) return;
    }
  }

  /// Takes what is in the pipes after the group is gone. Not more than that: a process that left the group
  /// may hold a pipe open, and write to it, for ever.
  void drain() {
    drain(merged_, [this] { return read_merged(); });
    drain(captured_, [this] { return read_captured(); });
    lines_.flush();
  }

  bool over_limit() const { return over_limit_; }
  std::string take_captured() { return std::move(text_); }

private:
  template <class Read>
  void drain(const unique_fd& pipe, Read read) {
    int left = 0;
    if (!pipe || ::ioctl(pipe.get(), FIONREAD, &left) != 0) return;
    auto before = received_;
    while (received_ - before < static_cast<size_t>(left) && !over_limit_ && read()) {
    }
  }

  /// False at the end of the stream.
  bool read_merged() {
    auto [place, space] = lines_.room();
    auto got = ::read(merged_.get(), place, space);
    if (got > 0) {
      received_ += static_cast<size_t>(got);
      lines_.added(static_cast<size_t>(got));
    }
    return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
  }

  bool read_captured() {
    std::array<char, chunk_bytes> piece;
    auto got = ::read(captured_.get(), piece.data(), piece.size());
    if (got > 0) {
      received_ += static_cast<size_t>(got);
      over_limit_ = text_.size() + static_cast<size_t>(got) > limit_;
      if (!over_limit_) text_.append(piece.data(), static_cast<size_t>(got));
    }
    return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
  }

  line_chunks lines_;
  size_t limit_;
  fault_points* faults_;
  pid_t group_;
  unique_fd merged_;
  unique_fd captured_;
  std::string text_;
  size_t received_ = 0;
  bool over_limit_ = false;
};

/// Ends the group when asked to, from a thread of its own: the caller's thread may be held up in on_output by
/// a slow reader, which must not put off the kill.
class stop_guard {
public:
  stop_guard(const process_group& group, int stop_fd, const process_spec& spec)
      : group_(group), thread_([this, stop_fd, limit = spec.time_limit, grace = spec.kill_grace] {
          watch(stop_fd, limit, grace);
        }) {}
  stop_guard(const stop_guard&) = delete;
  stop_guard& operator=(const stop_guard&) = delete;
  /// Not joined means that on_output threw: nobody is left to read what the group writes.
  ~stop_guard() {
    if (thread_.joinable()) group_.signal(SIGKILL);
  }

  /// Only valid once the leader has ended or was killed. True where the guard ended the group.
  bool join() {
    thread_.join();
    return stopped_;
  }

private:
  void watch(int stop_fd, std::chrono::milliseconds limit, std::chrono::milliseconds grace) {
    constexpr int64_t longest = std::numeric_limits<int>::max();
    auto limit_ms = limit.count() > 0 ? std::min<int64_t>(limit.count(), longest) : -1;
    if (wait(group_.leader_fd(), stop_fd, static_cast<int>(limit_ms))) return;
    stopped_ = true;
    group_.signal(SIGTERM);
    if (wait(group_.leader_fd(), -1, static_cast<int>(grace.count()))) return;
    group_.signal(SIGKILL);
  }

  /// True where the leader has ended, false where a stop was asked for or the time is over.
  static bool wait(int leader_fd, int stop_fd, int timeout_ms) {
    std::array<pollfd, 2> waiting{pollfd{leader_fd, POLLIN, 0}, pollfd{stop_fd, POLLIN, 0}};
    auto ready = 0;
    do {
      ready = ::poll(waiting.data(), waiting.size(), timeout_ms);
    } while (ready < 0 && errno == EINTR);
    return waiting[0].revents != 0;
  }

  const process_group& group_;
  bool stopped_ = false;
  std::jthread thread_; // last: it uses the members above
};

/// A child on the list of those that can be killed by fault injection; off it before its number is free.
class exposed_child {
public:
  exposed_child(fault_points* faults, pid_t group, const std::string& build_id)
      : faults_(faults), group_(group) {
    if (faults_ != nullptr) faults_->child_started(group_, build_id);
  }
  exposed_child(const exposed_child&) = delete;
  exposed_child& operator=(const exposed_child&) = delete;
  ~exposed_child() { hide(); }

  void hide() {
    if (auto* faults = std::exchange(faults_, nullptr)) faults->child_ended(group_);
  }

private:
  fault_points* faults_;
  pid_t group_;
};

error no_descriptors(const std::string& program) {
  return {error_code::internal, "cannot start " + program + ": " + std::strerror(errno)};
}

/// Strings with a NUL inside would reach the child cut short.
bool holds_nul(const process_spec& spec) {
  auto has = [](const std::string& text) { return text.find('\0') != std::string::npos; };
  for (const auto& argument : spec.argv)
    if (has(argument)) return true;
  for (const auto& [name, value] : spec.environment)
    if (has(name) || has(value)) return true;
  return has(spec.directory);
}

result<process_result> supervise(const process_spec& spec, const std::string& program,
                                 const std::stop_token& stop) {
  unique_fd stop_event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  auto merged = make_pipe();
  auto captured = spec.capture_stdout ? make_pipe() : pipe_ends{};
  auto input = spec.input.empty() ? unique_fd() : input_file(spec.input);
  if (!stop_event || !merged || !captured || (!spec.input.empty() && !input)) return no_descriptors(program);

  auto stdout_fd = spec.capture_stdout ? captured->write.get() : merged->write.get();
  auto group = process_group::start(spec, program, {input.get(), stdout_fd, merged->write.get()});
  if (!group) return group.error();
  input.reset();
  merged->write.reset();
  captured->write.reset();

  exposed_child exposed(spec.faults, group->id(), spec.build_id);
  output_pump pump(spec, group->id(), std::move(merged->read), std::move(captured->read));
  // The callback goes before the guard: once it is gone nobody writes to the event any more.
  stop_guard guard(*group, stop_event.get(), spec);
  std::stop_callback wake(stop, [fd = stop_event.get()] { ::eventfd_write(fd, 1); });

  pump.run(group->leader_fd());
  group->signal(SIGKILL); // the rest of the group; also a leader that wrote more than it may
  process_result ended;
  ended.stopped = guard.join();
  exposed.hide();
  auto leader = group->finish();
  pump.drain();
  if (pump.over_limit())
    return error{error_code::resource_exhausted,
                 program + " wrote more than " + std::to_string(spec.max_captured_bytes) + " bytes"};
  ended.exit_code = leader.exit_code;
  ended.signal = leader.signal;
  ended.output = pump.take_captured();
  return ended;
}

bool is_program(const std::filesystem::path& path) {
  std::error_code failed;
  return std::filesystem::is_regular_file(path, failed) && ::access(path.c_str(), X_OK) == 0;
}

} // namespace

std::string find_program(std::string_view name) {
  if (name.empty() || name.find('\0') != std::string_view::npos) return {};
  if (name.find('/') != std::string_view::npos) {
    std::error_code failed;
    auto path = std::filesystem::absolute(name, failed);
    return !failed && is_program(path) ? path.string() : std::string();
  }
  const char* set = std::getenv("PATH");
  std::string_view rest = set ? set : "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  while (!rest.empty()) {
    auto folder = rest.substr(0, rest.find(':'));
    rest.remove_prefix(std::min(rest.size(), folder.size() + 1));
    // An empty or relative entry would mean the working directory, which may be somebody's checkout.
    if (folder.empty() || folder.front() != '/') continue;
    auto path = std::filesystem::path(folder) / name;
    if (is_program(path)) return path.string();
  }
  return {};
}

result<process_result> run_process(const process_spec& spec, std::stop_token stop) try {
  if (spec.argv.empty()) return error{error_code::internal, "cannot start a process: no program is named"};
  if (holds_nul(spec))
    return error{error_code::internal, "cannot start " + spec.argv[0] + ": an argument holds a NUL byte"};
  auto program = find_program(spec.argv[0]);
  if (program.empty())
    return error{error_code::not_found, "program \"" + spec.argv[0] + "\" is not installed"};
  if (stop.stop_requested()) {
    process_result never_started;
    never_started.stopped = true;
    return never_started;
  }
  if (auto met = meet_faults(spec.faults, fault_place::process, stop); !met) return met.error();
  return supervise(spec, program, stop);
} catch (const std::exception& failure) {
  return error{error_code::internal, std::string("cannot run a child process: ") + failure.what()};
}

} // namespace ib::io
