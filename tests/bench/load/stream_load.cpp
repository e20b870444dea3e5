#include "tests/bench/load/stream_load.hpp"

#include "tests/bench/load/round.hpp"
#include "tests/bench/load/stream_call.hpp"

#include <deque>
#include <optional>

namespace ib::bench {

namespace {

/// Reads until it has enough.
class listener final : public stream_call {
public:
  listener(const drain_load& load, finish_line& line) : load_(load), line_(line) {}

  uint64_t bytes() const { return bytes_; }
  uint64_t messages() const { return messages_; }

private:
  bool take(const grpc::ByteBuffer& message) override {
    bytes_ += message.Length();
    ++messages_;
    return bytes_ < load_.bytes;
  }
  void ended(const grpc::Status& status) override {
    if (bytes_ >= load_.bytes) return line_.arrive();
    line_.fail(load_.method + " ended after " + std::to_string(bytes_) + " bytes: " + status.error_message());
  }

  const drain_load& load_;
  finish_line& line_;
  uint64_t bytes_ = 0;
  uint64_t messages_ = 0;
};

/// Joins again and again. A call cannot be used twice, so that each is a member of its own.
class joiner {
public:
  joiner(const join_load& load, grpc::GenericStub& stub, load_clock::time_point until, finish_line& line)
      : load_(load), stub_(stub), until_(until), line_(line) {}

  void join() {
    call_.emplace(*this);
    begin_ = load_clock::now();
    call_->start(stub_, load_.method, load_.request);
  }

  const std::vector<double>& latencies_us() const { return latencies_us_; }
  uint64_t bytes() const { return bytes_; }

private:
  class one_call final : public stream_call {
  public:
    explicit one_call(joiner& owner) : owner_(owner) {}

  private:
    bool take(const grpc::ByteBuffer& message) override {
      owner_.greeted(message);
      answered_ = true;
      return false;
    }
    void ended(const grpc::Status& status) override {
      if (answered_)
        owner_.left();
      else
        owner_.line_.fail(owner_.load_.method + ": " + status.error_message());
    }

    joiner& owner_;
    bool answered_ = false;
  };

  void greeted(const grpc::ByteBuffer& message) {
    latencies_us_.push_back(std::chrono::duration<double, std::micro>(load_clock::now() - begin_).count());
    bytes_ += message.Length();
  }
  void left() {
    if (load_clock::now() >= until_) return line_.arrive();
    join();
  }

  const join_load& load_;
  grpc::GenericStub& stub_;
  load_clock::time_point until_;
  finish_line& line_;
  std::optional<one_call> call_;
  load_clock::time_point begin_;
  std::vector<double> latencies_us_;
  uint64_t bytes_ = 0;
};

} // namespace

round_figures run(const drain_load& load, target& server) {
  finish_line line(load.listeners);
  std::deque<listener> listeners;
  for (size_t i = 0; i < load.listeners; ++i)
    listeners.emplace_back(load, line);
  stopwatch watch(server);
  for (size_t i = 0; i < listeners.size(); ++i)
    listeners[i].start(server.connection(i), load.method, load.request);
  line.wait();
  round_figures figures;
  watch.end(figures);
  figures.done = load.listeners;
  for (const auto& one : listeners) {
    figures.bytes += one.bytes();
    figures.messages += one.messages();
  }
  return figures;
}

round_figures run(const join_load& load, target& server) {
  finish_line line(load.callers);
  std::deque<joiner> joiners;
  stopwatch watch(server);
  const auto until = load_clock::now() + load.time;
  for (size_t i = 0; i < load.callers; ++i)
    joiners.emplace_back(load, server.connection(i), until, line);
  for (auto& one : joiners)
    one.join();
  line.wait();
  round_figures figures;
  watch.end(figures);
  for (const auto& one : joiners) {
    figures.latencies_us.insert(figures.latencies_us.end(), one.latencies_us().begin(),
                                one.latencies_us().end());
    figures.bytes += one.bytes();
  }
  figures.done = figures.messages = figures.latencies_us.size();
  return figures;
}

} // namespace ib::bench
