#include "tests/bench/load/tail_load.hpp"

#include "tests/bench/load/round.hpp"
#include "tests/bench/load/stream_call.hpp"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstdio>
#include <deque>
#include <optional>
#include <unistd.h>

namespace ib::bench {

namespace {

/// A line that is older than this when it comes was not written while its listener listened.
constexpr std::chrono::seconds old{1};

/// When the last whole line of these bytes was written; nothing where there is none.
std::optional<load_clock::time_point> newest_stamp(const grpc::ByteBuffer& message) {
  static constexpr std::string_view mark = "\nstamp ";
  std::vector<grpc::Slice> slices;
  if (!message.Dump(&slices).ok()) return std::nullopt;
  std::string text;
  for (const auto& slice : slices)
    text.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  // What comes before the first line's end may be the message's own header.
  const auto at = text.rfind(mark);
  const auto begin = at != std::string::npos ? at + mark.size() : text.find("stamp ") + mark.size() - 1;
  if (begin >= text.size()) return std::nullopt;
  int64_t nanoseconds = 0;
  const auto [end, fault] = std::from_chars(text.data() + begin, text.data() + text.size(), nanoseconds);
  if (fault != std::errc()) return std::nullopt;
  return load_clock::time_point(std::chrono::nanoseconds(nanoseconds));
}

class tail_listener final : public stream_call {
public:
  tail_listener(const tail_load& load, finish_line& live, finish_line& line)
      : load_(load), live_(live), line_(line) {}

  const std::vector<double>& latencies_us() const { return latencies_us_; }
  uint64_t bytes() const { return bytes_; }
  uint64_t messages() const { return messages_; }
  void measure(bool on) { measures_ = on; }
  void stop() {
    stopped_ = true;
    leave();
  }

private:
  bool take(const grpc::ByteBuffer& message) override {
    const auto now = load_clock::now();
    const auto stamp = newest_stamp(message);
    if (!is_live_ && stamp && now - *stamp < old) {
      is_live_ = true;
      live_.arrive();
    }
    if (!measures_) return true;
    bytes_ += message.Length();
    ++messages_;
    if (stamp) latencies_us_.push_back(std::chrono::duration<double, std::micro>(now - *stamp).count());
    return true;
  }
  void ended(const grpc::Status& status) override {
    if (!is_live_) live_.fail(load_.method + " ended before its log was live: " + status.error_message());
    if (stopped_) return line_.arrive();
    line_.fail(load_.method + " ended while it was measured: " + status.error_message());
  }

  const tail_load& load_;
  finish_line& live_;
  finish_line& line_;
  std::atomic<bool> measures_{false};
  std::atomic<bool> stopped_{false};
  bool is_live_ = false;
  std::vector<double> latencies_us_;
  uint64_t bytes_ = 0;
  uint64_t messages_ = 0;
};

class sitter final : public stream_call {
public:
  sitter(finish_line& seated, finish_line& line) : seated_(seated), line_(line) {}

private:
  bool take(const grpc::ByteBuffer&) override {
    if (!std::exchange(has_message_, true)) seated_.arrive();
    return true;
  }
  void ended(const grpc::Status& status) override {
    if (!has_message_) seated_.fail("a stream ended before its first message: " + status.error_message());
    line_.arrive();
  }

  finish_line& seated_;
  finish_line& line_;
  bool has_message_ = false;
};

/// Lets time pass without a look at it in between.
void pass(std::chrono::milliseconds time) {
  std::mutex mutex;
  std::condition_variable never;
  std::unique_lock lock(mutex);
  const auto end = load_clock::now() + time;
  never.wait_until(lock, end, [end] { return load_clock::now() >= end; });
}

} // namespace

round_figures run(const tail_load& load, target& server) {
  finish_line live(load.listeners);
  finish_line line(load.listeners);
  std::deque<tail_listener> listeners;
  for (size_t i = 0; i < load.listeners; ++i)
    listeners.emplace_back(load, live, line).start(server.connection(i), load.method, load.request);
  live.wait();
  stopwatch watch(server);
  for (auto& one : listeners)
    one.measure(true);
  pass(load.time);
  for (auto& one : listeners)
    one.measure(false);
  round_figures figures;
  watch.end(figures);
  for (auto& one : listeners)
    one.stop();
  line.wait();
  figures.done = load.listeners;
  for (const auto& one : listeners) {
    figures.latencies_us.insert(figures.latencies_us.end(), one.latencies_us().begin(),
                                one.latencies_us().end());
    figures.bytes += one.bytes();
    figures.messages += one.messages();
  }
  return figures;
}

void sit(const std::string& method, const grpc::ByteBuffer& request, size_t listeners, target& server) {
  finish_line seated(listeners);
  finish_line line(listeners);
  std::deque<sitter> sitters;
  for (size_t i = 0; i < listeners; ++i)
    sitters.emplace_back(seated, line).start(server.connection(i), method, request);
  seated.wait();
  std::printf("seated\n");
  std::fflush(stdout);
  for (char byte = 0; ::read(STDIN_FILENO, &byte, 1) > 0;) {
  }
  for (auto& one : sitters)
    one.leave();
  line.wait();
}

} // namespace ib::bench
