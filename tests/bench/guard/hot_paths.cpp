// The hot paths whose instructions are counted under valgrind (see hot_paths.py). The work of each is the
// same in every run: no clock, no random seed, no threads.

#include "actors/domain/build_machine.hpp"
#include "actors/domain/image_hash.hpp"
#include "actors/domain/log_buffer.hpp"
#include "actors/domain/redactor.hpp"
#include "actors/domain/reference.hpp"
#include "tests/bench/parts/log_text.hpp"

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <valgrind/callgrind.h>

namespace {

using namespace ib;
using namespace ib::bench;

constexpr size_t text_bytes = size_t{1} << 20;

/// What was computed is used, or there would be nothing to count.
void expect(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "hot_paths: %s does not work\n", what);
  std::exit(1);
}

/// Counts what `work` does, but for a first time that only fills caches and resolves symbols.
template <class Work>
void count(const char* name, Work work) {
  expect(work(), name);
  CALLGRIND_ZERO_STATS;
  CALLGRIND_TOGGLE_COLLECT;
  const bool holds = work();
  CALLGRIND_TOGGLE_COLLECT;
  CALLGRIND_DUMP_STATS_AT(name);
  expect(holds, name);
}

bool run_builds() {
  const std::vector<build_event> life{slot_granted{},
                                      phase_changed{build_state::building, "building"},
                                      run_failed{fault_class::infrastructure, "registry: 503", {}},
                                      phase_changed{build_state::building, "building"},
                                      phase_changed{build_state::pushing, "pushing"},
                                      phase_changed{build_state::verifying, "verifying"},
                                      run_succeeded{}};
  bool holds = true;
  for (int build = 0; build < 100; ++build) {
    machine_state machine;
    for (const auto& event : life) {
      auto step = transition(machine, event);
      if (step) machine = std::move(step->next);
    }
    holds = holds && machine.state == build_state::succeeded;
  }
  return holds;
}

bool hash_sources() {
  git_initializer git;
  git.remote_uri = "https://git.example.com/team/project.git";
  git.clone_target = "main";
  dockerfile_source source;
  source.source.spec = git;
  source.dockerfile_path = ".gitpod.Dockerfile";
  size_t bytes = 0;
  for (int i = 0; i < 100; ++i) {
    source.dockerfile_version = std::to_string(i);
    bytes += workspace_reference("registry.example.com/workspace",
                                 base_reference("registry.example.com/base", source))
                 .size();
  }
  return bytes > 0;
}

bool parse_references() {
  size_t good = 0;
  for (int i = 0; i < 100; ++i) {
    good += parse_reference("registry.example.com:5000/team/project/image:v" + std::to_string(i)).has_value();
    good += parse_reference("alpine").has_value();
    good += parse_reference("docker.io/library/alpine@sha256:" + std::string(64, 'a')).has_value();
    good += parse_reference("Registry/UPPER:tag").has_value() ? 0 : 1;
  }
  return good == 400;
}

bool redact(const std::string& text, const std::vector<std::string>& hidden) {
  redactor hide(std::make_shared<const pattern_set>(hidden));
  std::string out;
  for (size_t at = 0; at < text.size(); at += size_t{64} << 10)
    hide.write(std::string_view(text).substr(at, size_t{64} << 10), out);
  hide.finish(out);
  return !out.empty();
}

bool append_lines(const std::string& text) {
  log_buffer log(size_t{256} << 10);
  for (size_t at = 0; at < text.size(); at += 256)
    log.append(std::string_view(text).substr(at, 256));
  return log.end_offset() == text.size();
}

bool read_ranges(const log_buffer& log) {
  seeded numbers(5);
  size_t bytes = 0;
  for (int i = 0; i < 100; ++i) {
    auto cursor = log.at(numbers.below(log.end_offset()));
    for (auto slice = cursor.next(4096); !slice.bytes.empty() && bytes % 7 != 0; slice = cursor.next(4096))
      bytes += slice.bytes.size();
    bytes += 1;
  }
  return bytes > 0;
}

} // namespace

int main() {
  const auto text = log_text(text_bytes);
  const auto hidden = secrets(50);
  const auto leaking = with_secrets(text, hidden, 1024);
  log_buffer log;
  log.append(text);
  count("state machine", run_builds);
  count("image hashes", hash_sources);
  count("reference parsing", parse_references);
  count("redaction", [&] { return redact(text, hidden); });
  count("redaction with matches", [&] { return redact(leaking, hidden); });
  count("log append", [&] { return append_lines(text); });
  count("log ranges", [&] { return read_ranges(log); });
}
