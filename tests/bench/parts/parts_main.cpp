// Parts of the service by themselves, each beside a bare limit.

#include "actors/domain/build_machine.hpp"
#include "actors/domain/digest_cache.hpp"
#include "actors/domain/image_hash.hpp"
#include "actors/domain/log_buffer.hpp"
#include "actors/domain/redactor.hpp"
#include "actors/domain/reference.hpp"
#include "tests/bench/parts/log_text.hpp"

#include <benchmark/benchmark.h>

#include <cstring>
#include <memory>

namespace {

using namespace ib;
using namespace ib::bench;

constexpr size_t text_bytes = size_t{4} << 20;
/// What a run's output comes in.
constexpr size_t piece_bytes = size_t{64} << 10;

/// Gives the text in pieces, as the output of a run comes.
template <class Take>
void in_pieces(const std::string& text, Take take) {
  for (size_t at = 0; at < text.size(); at += piece_bytes)
    take(std::string_view(text).substr(at, piece_bytes));
}

void count_bytes(benchmark::State& state, const std::string& text) {
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * text.size()));
}

void redact(benchmark::State& state, const std::string& text, const std::vector<std::string>& hidden) {
  const auto patterns = std::make_shared<const pattern_set>(hidden);
  std::string out;
  for (auto _ : state) {
    redactor hide(patterns);
    in_pieces(text, [&](std::string_view piece) {
      out.clear();
      hide.write(piece, out);
      benchmark::DoNotOptimize(out.data());
    });
    out.clear();
    hide.finish(out);
  }
  count_bytes(state, text);
}

void redaction(benchmark::State& state) {
  redact(state, log_text(text_bytes), secrets(static_cast<size_t>(state.range(0))));
}
BENCHMARK(redaction)->Arg(5)->Arg(50)->Arg(500);

/// A log that shows a secret in every kilobyte.
void redaction_with_matches(benchmark::State& state) {
  const auto hidden = secrets(static_cast<size_t>(state.range(0)));
  redact(state, with_secrets(log_text(text_bytes), hidden, 1024), hidden);
}
BENCHMARK(redaction_with_matches)->Arg(5)->Arg(50)->Arg(500);

/// The words that a censored log leaves out are short and begin alike.
void censoring(benchmark::State& state) {
  std::vector<std::string> words;
  for (int64_t i = 0; static_cast<int64_t>(words.size()) < state.range(0); ++i) {
    const auto name = "registry.example.com/team-" + std::to_string(i);
    words.push_back(name + "/images");
    words.push_back(name + "/images:" + workspace_hash(name));
  }
  redact(state, log_text(text_bytes), words);
}
BENCHMARK(censoring)->Arg(4)->Arg(50)->Arg(500);

void memory_copy(benchmark::State& state) {
  const auto text = log_text(text_bytes);
  std::string out(piece_bytes, '\0');
  for (auto _ : state) {
    in_pieces(text, [&](std::string_view piece) {
      std::memcpy(out.data(), piece.data(), piece.size());
      benchmark::DoNotOptimize(out.data());
      benchmark::ClobberMemory();
    });
  }
  count_bytes(state, text);
}
BENCHMARK(memory_copy);

void log_append(benchmark::State& state) {
  const auto text = log_text(static_cast<size_t>(state.range(0)));
  for (auto _ : state) {
    log_buffer log;
    in_pieces(text, [&](std::string_view piece) { log.append(piece); });
    benchmark::DoNotOptimize(log.end_offset());
  }
  count_bytes(state, text);
}
BENCHMARK(log_append)->Arg(64 << 10)->Arg(1 << 20)->Arg(16 << 20);

void log_read(benchmark::State& state) {
  const auto text = log_text(static_cast<size_t>(state.range(0)));
  log_buffer log;
  log.append(text);
  for (auto _ : state) {
    auto cursor = log.at(0);
    while (!cursor.next(piece_bytes).bytes.empty()) {
    }
    benchmark::DoNotOptimize(cursor.offset());
  }
  count_bytes(state, text);
}
BENCHMARK(log_read)->Arg(64 << 10)->Arg(1 << 20)->Arg(16 << 20);

/// A cursor somewhere in a log: what each ReadLog call begins with.
void log_seek(benchmark::State& state) {
  log_buffer log;
  log.append(log_text(static_cast<size_t>(state.range(0))));
  seeded numbers(3);
  for (auto _ : state)
    benchmark::DoNotOptimize(log.at(numbers.below(log.end_offset())));
}
BENCHMARK(log_seek)->Arg(64 << 10)->Arg(1 << 20)->Arg(16 << 20)->Arg(64 << 20);

/// A reference of so many bytes.
std::string reference_text(const benchmark::State& state) {
  std::string text = "registry.example.com:5000/team";
  while (text.size() + 10 < static_cast<size_t>(state.range(0)))
    text += "/a-project";
  return text + ":v1.2.3";
}

void parse_references(benchmark::State& state) {
  const auto text = reference_text(state);
  for (auto _ : state)
    benchmark::DoNotOptimize(parse_reference(text));
}
BENCHMARK(parse_references)->Arg(40)->Arg(100)->Arg(200);

void hash_references(benchmark::State& state) {
  const auto text = reference_text(state);
  for (auto _ : state)
    benchmark::DoNotOptimize(workspace_hash(text));
}
BENCHMARK(hash_references)->Arg(40)->Arg(100)->Arg(200);

/// Builds that live from the queue to their success.
void run_machines(benchmark::State& state) {
  const std::vector<build_event> life{slot_granted{}, phase_changed{build_state::building, "building"},
                                      phase_changed{build_state::pushing, "pushing"},
                                      phase_changed{build_state::verifying, "verifying"}, run_succeeded{}};
  for (auto _ : state) {
    for (int64_t build = 0; build < state.range(0); ++build) {
      machine_state machine;
      for (const auto& event : life)
        if (auto step = transition(machine, event)) machine = std::move(step->next);
      benchmark::DoNotOptimize(machine);
    }
  }
}
BENCHMARK(run_machines)->Arg(1)->Arg(10)->Arg(100);

void cached_digests(benchmark::State& state) {
  const auto count = static_cast<size_t>(state.range(0));
  digest_cache cache(count);
  std::vector<std::string> keys;
  for (size_t i = 0; i < count; ++i) {
    keys.push_back("registry.example.com/some/image:" + std::to_string(i));
    cache.put(keys.back(), "sha256:" + std::string(64, 'a'), std::nullopt);
  }
  size_t next = 0;
  for (auto _ : state)
    benchmark::DoNotOptimize(cache.get(keys[next++ % count], 0));
}
BENCHMARK(cached_digests)->Arg(100)->Arg(1'000)->Arg(10'000);

} // namespace

BENCHMARK_MAIN();
