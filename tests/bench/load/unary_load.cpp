#include "tests/bench/load/unary_load.hpp"

#include "tests/bench/load/round.hpp"

#include <deque>
#include <optional>

namespace ib::bench {

namespace {

class unary_caller {
public:
  unary_caller(const unary_load& load, grpc::GenericStub& stub, load_clock::time_point until,
               finish_line& line)
      : load_(load), stub_(stub), until_(until), line_(line) {}

  void call() {
    context_.emplace();
    begin_ = load_clock::now();
    stub_.UnaryCall(&*context_, load_.method, {}, &load_.request, &response_,
                    [this](const grpc::Status& status) { answered(status); });
  }

  const std::vector<double>& latencies_us() const { return latencies_us_; }
  uint64_t bytes() const { return bytes_; }

private:
  void answered(const grpc::Status& status) {
    const auto now = load_clock::now();
    if (!status.ok()) return line_.fail(load_.method + ": " + status.error_message());
    latencies_us_.push_back(std::chrono::duration<double, std::micro>(now - begin_).count());
    bytes_ += response_.Length();
    response_.Clear();
    if (now >= until_) return line_.arrive();
    call();
  }

  const unary_load& load_;
  grpc::GenericStub& stub_;
  load_clock::time_point until_;
  finish_line& line_;
  std::optional<grpc::ClientContext> context_;
  grpc::ByteBuffer response_;
  load_clock::time_point begin_;
  std::vector<double> latencies_us_;
  uint64_t bytes_ = 0;
};

} // namespace

round_figures run(const unary_load& load, target& server) {
  finish_line line(load.callers);
  std::deque<unary_caller> callers;
  stopwatch watch(server);
  const auto until = load_clock::now() + load.time;
  for (size_t i = 0; i < load.callers; ++i)
    callers.emplace_back(load, server.connection(i), until, line);
  for (auto& caller : callers)
    caller.call();
  line.wait();
  round_figures figures;
  watch.end(figures);
  for (const auto& caller : callers) {
    figures.latencies_us.insert(figures.latencies_us.end(), caller.latencies_us().begin(),
                                caller.latencies_us().end());
    figures.bytes += caller.bytes();
  }
  figures.done = figures.messages = figures.latencies_us.size();
  return figures;
}

} // namespace ib::bench
