// The load driver: asks one server or two in turns, round after round, and prints what it measured as JSON.

#include "tests/bench/load/stream_load.hpp"
#include "tests/bench/load/tail_load.hpp"
#include "tests/bench/load/unary_load.hpp"

#include <CLI/CLI.hpp>
#include <absl/synchronization/mutex.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <deque>
#include <functional>
#include <malloc.h>

namespace {

using namespace ib::bench;

struct load_flags {
  std::vector<std::string> targets;
  std::string method;
  std::string request;
  size_t callers = 1;
  size_t connections = 1;
  size_t rounds = 7;
  int64_t round_ms = 300;
  uint64_t bytes = 0;
};

double percentile(const std::vector<double>& sorted, double part) {
  if (sorted.empty()) return 0;
  return sorted[static_cast<size_t>(part * static_cast<double>(sorted.size() - 1))];
}

nlohmann::json to_json(round_figures figures) {
  auto& latencies = figures.latencies_us;
  std::sort(latencies.begin(), latencies.end());
  nlohmann::json json{{"seconds", figures.seconds},
                      {"processor_seconds", figures.processor_seconds},
                      {"done", figures.done},
                      {"bytes", figures.bytes},
                      {"messages", figures.messages}};
  if (!latencies.empty())
    json.update({{"p50_us", percentile(latencies, 0.5)},
                 {"p90_us", percentile(latencies, 0.9)},
                 {"p99_us", percentile(latencies, 0.99)},
                 {"max_us", latencies.back()}});
  return json;
}

/// One round before the first that counts: connections are made, caches are filled. Who begins a round
/// alternates, so that neither always finds the machine as the other left it.
void measure(const load_flags& flags, const std::function<round_figures(target&)>& round) {
  std::deque<target> targets;
  for (const auto& text : flags.targets)
    targets.emplace_back(text, flags.connections);
  nlohmann::json result;
  for (auto& one : targets) {
    static_cast<void>(round(one));
    result[one.name()] = nlohmann::json::array();
  }
  for (size_t i = 0; i < flags.rounds; ++i) {
    for (size_t k = 0; k < targets.size(); ++k) {
      auto& one = targets[i % 2 == 0 ? k : targets.size() - 1 - k];
      result[one.name()].push_back(to_json(round(one)));
    }
  }
  std::printf("%s\n", result.dump().c_str());
}

void add_flags(CLI::App& command, load_flags& flags) {
  command.add_option("--target", flags.targets, "NAME=HOST:PORT@PID")->required();
  command.add_option("--method", flags.method, "/package.Service/Method")->required();
  command.add_option("--request", flags.request, "File with the request's bytes")->required();
  command.add_option("--callers", flags.callers, "Callers or listeners at the same time");
  command.add_option("--connections", flags.connections, "Connections that they share");
  command.add_option("--rounds", flags.rounds, "Rounds for each target");
  command.add_option("--round-ms", flags.round_ms,
                     "How long a round takes, where it is not bounded by bytes");
  command.add_option("--bytes", flags.bytes, "What each listener reads (drain)");
}

/// Memory that was freed stays at hand: with malloc's defaults a third of the machine's time went into pages
/// that the driver gave back to the system and got again, and its listeners were slower than any server.
void keep_memory() {
  constexpr int as_much_as_there_is = 1 << 30;
  mallopt(M_TRIM_THRESHOLD, as_much_as_there_is);
  mallopt(M_MMAP_THRESHOLD, as_much_as_there_is);
  mallopt(M_TOP_PAD, 64 << 20);
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app("Asks gRPC servers in turns and measures them.");
  app.require_subcommand(1);
  load_flags flags;
  auto* unary = app.add_subcommand("unary", "Callers of a unary method");
  auto* drain = app.add_subcommand("drain", "Listeners of a stream that read so many bytes");
  auto* join = app.add_subcommand("join", "Callers of a stream that want its first message");
  auto* tail = app.add_subcommand("tail", "Listeners of a log whose lines carry the time");
  auto* hold = app.add_subcommand("sit", "Listeners that stay until the standard input ends");
  for (auto* command : {unary, drain, join, tail, hold})
    add_flags(*command, flags);
  keep_memory();
  // As the service does.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  CLI11_PARSE(app, argc, argv);
  try {
    const auto request = read_request(flags.request);
    const std::chrono::milliseconds time(flags.round_ms);
    if (*unary)
      measure(flags, [&](target& server) {
        return run(unary_load{flags.method, request, flags.callers, time}, server);
      });
    if (*drain)
      measure(flags, [&](target& server) {
        return run(drain_load{flags.method, request, flags.callers, flags.bytes}, server);
      });
    if (*join)
      measure(flags, [&](target& server) {
        return run(join_load{flags.method, request, flags.callers, time}, server);
      });
    if (*tail)
      measure(flags, [&](target& server) {
        return run(tail_load{flags.method, request, flags.callers, time}, server);
      });
    if (*hold) {
      target server(flags.targets.at(0), flags.connections);
      sit(flags.method, request, flags.callers, server);
    }
  } catch (const std::exception& e) {
    std::fprintf(stderr, "bench_load: %s\n", e.what());
    return 1;
  }
}
