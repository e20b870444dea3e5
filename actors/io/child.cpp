#include "actors/io/child.hpp"

#include "actors/io/fault_points.hpp"
#include "actors/io/output_gate.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <exception>
#include <sys/ioctl.h>

namespace ib::io {

namespace {

error no_descriptors(const std::string& program) {
  return {error_code::internal, "cannot start " + program + ": " + std::strerror(errno)};
}

} // namespace

result<std::unique_ptr<child>> child::start(process_spec spec, const std::string& program) {
  auto merged = make_output_pipe();
  auto captured = spec.capture_stdout ? make_output_pipe() : pipe_ends{};
  auto input = spec.input.empty() ? unique_fd() : input_file(spec.input);
  if (!merged || !captured || (!spec.input.empty() && !input)) return no_descriptors(program);
  auto stdout_fd = spec.capture_stdout ? captured->write.get() : merged->write.get();
  auto group = process_group::start(spec, program, {input.get(), stdout_fd, merged->write.get()});
  if (!group) return group.error();
  return std::unique_ptr<child>(new child(std::move(spec), program, std::move(group).value(),
                                          std::move(merged->read), std::move(captured->read)));
}

child::child(process_spec spec, const std::string& program, process_group group, unique_fd merged,
             unique_fd captured)
    : group_(std::move(group)),
      number_(group_.id()),
      merged_(std::move(merged)),
      captured_(std::move(captured)),
      lines_(std::move(spec.on_output)),
      gate_(spec.gate),
      faults_(spec.faults),
      kill_grace_(spec.kill_grace),
      time_limit_(spec.time_limit),
      max_captured_(spec.max_captured_bytes),
      program_(program) {
  if (faults_ != nullptr) faults_->child_started(number_, spec.build_id);
}

/// Off the list of those that can be killed by fault injection, before its number is free.
void child::hide() {
  if (auto* faults = std::exchange(faults_, nullptr)) faults->child_ended(number_);
}

void child::ask_to_stop() {
  end_.stopped = true;
  signal(SIGTERM);
}

bool child::is_held(pipe which) const {
  return is_held_by_fault() || (which == pipe::merged && gate_ != nullptr && gate_->is_full());
}

bool child::has_room() const { return gate_ == nullptr || gate_->has_room(); }

bool child::is_held_by_fault() const { return faults_ != nullptr && faults_->holds_pipe(number_); }

bool child::read(pipe which, std::span<char> scratch) {
  auto got = read_once(which, scratch);
  return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

ssize_t child::read_once(pipe which, std::span<char> scratch) try {
  if (which == pipe::merged) return lines_.read(merged_.get(), scratch);
  auto got = ::read(captured_.get(), scratch.data(), scratch.size());
  if (got > 0) capture({scratch.data(), static_cast<size_t>(got)});
  return got;
} catch (const std::exception& thrown) {
  // Of on_output: nobody is left to read what the group writes.
  fail({error_code::internal, std::string("cannot run a child process: ") + thrown.what()});
  return 0;
}

void child::capture(std::string_view bytes) {
  if (end_.output.size() + bytes.size() > max_captured_)
    return fail({error_code::resource_exhausted,
                 program_ + " wrote more than " + std::to_string(max_captured_) + " bytes"});
  end_.output += bytes;
}

void child::fail(error why) {
  if (!failure_) failure_ = std::move(why);
}

void child::bury() {
  signal(SIGKILL); // the rest of the group
  hide();
  auto leader = group_.reap();
  end_.exit_code = leader.exit_code;
  end_.signal = leader.signal;
}

bool child::drain(std::span<char> scratch) {
  if (!left_) {
    left_.emplace();
    for (auto which : pipes) {
      int bytes = 0;
      if (fd_of(which) >= 0 && ::ioctl(fd_of(which), FIONREAD, &bytes) == 0)
        left_->at(static_cast<size_t>(which)) = static_cast<size_t>(bytes);
    }
  }
  for (auto which : pipes)
    for (auto& left = left_->at(static_cast<size_t>(which)); left > 0 && !has_failed();) {
      if (which == pipe::merged && gate_ != nullptr && gate_->is_full()) return false;
      auto got = read_once(which, scratch);
      left -= got > 0 ? std::min(left, static_cast<size_t>(got)) : left;
    }
  try {
    if (!has_failed()) lines_.flush();
  } catch (const std::exception& thrown) {
    fail({error_code::internal, std::string("cannot run a child process: ") + thrown.what()});
  }
  return true;
}

result<process_result> child::take_result() {
  if (failure_) return std::move(*failure_);
  return std::move(end_);
}

} // namespace ib::io
