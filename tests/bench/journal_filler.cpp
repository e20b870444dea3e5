// Fills a journal with builds that have ended, as a service that has run for a while leaves it.
//
//   journal_filler FOLDER COUNT

#include "actors/build_channel.hpp"
#include "actors/build_plan.hpp"
#include "actors/io/random_id.hpp"
#include "actors/io/utc_time.hpp"
#include "actors/journal_store.hpp"
#include "tests/bench/parts/log_text.hpp"

#include <algorithm>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace ib;

constexpr size_t batch = 500;
constexpr size_t log_bytes = 2'000;

void check(const result<void>& done) {
  if (!done) throw std::runtime_error(done.error().message);
}

build_record make_record(size_t number, int64_t created_ms) {
  auto plan = std::make_shared<build_plan>();
  plan->build_id = io::random_uuid();
  plan->created_ms = created_ms;
  plan->base_ref = "registry.example.com/base-images:" + std::to_string(number);
  plan->workspace_ref = "registry.example.com/workspace-images:" + std::to_string(number);
  plan->triggered_by = "user-" + std::to_string(number % 100);
  plan->owner_token = io::random_token();
  dockerfile_source source;
  git_initializer git;
  git.remote_uri = "https://git.example.com/team/project-" + std::to_string(number) + ".git";
  git.clone_target = "main";
  source.source.spec = git;
  source.dockerfile_path = ".gitpod.Dockerfile";
  plan->source = source;
  name_source(*plan);
  auto channel = std::make_shared<build_channel>(plan, 0);
  return {plan, channel, {}, 0, {}};
}

/// One step of all builds of a batch: the journal takes one of a build at a time.
void advance(journal_store& store, const std::vector<build_record>& records,
             std::vector<machine_state>& machines, const build_event& event, int64_t after_ms) {
  for (size_t i = 0; i < records.size(); ++i) {
    auto next = transition(machines[i], event);
    if (!next) throw std::runtime_error(next.error().message);
    machines[i] = next->next;
    const auto state = machines[i].state;
    status_update told{is_terminal(state) ? build_status::success : build_status::running, to_string(state)};
    told.state = state;
    told.attempt = machines[i].attempt;
    told.at_ms = records[i].plan->created_ms + after_ms;
    told.is_step = true;
    check(store.advance(records[i].plan->build_id, machines[i], std::nullopt, told));
  }
  check(store.commit());
}

/// The way from the queue to success.
void live(journal_store& store, const std::vector<build_record>& records) {
  const std::vector<build_event> events{slot_granted{},
                                        phase_changed{build_state::building, "building"},
                                        phase_changed{build_state::pushing, "pushing"},
                                        phase_changed{build_state::publishing, "publishing"},
                                        phase_changed{build_state::verifying, "verifying"},
                                        run_succeeded{}};
  std::vector<machine_state> machines(records.size());
  for (size_t i = 0; i < events.size(); ++i)
    advance(store, records, machines, events[i], static_cast<int64_t>(i) + 1);
}

void fill(const std::string& folder, size_t count) {
  auto store = open_durable_store({folder, 64ULL << 20, false});
  const auto text = bench::log_text(log_bytes);
  const auto now_ms = io::unix_ms_now();
  for (size_t begin = 0; begin < count; begin += batch) {
    std::vector<build_record> records;
    for (size_t i = begin; i < std::min(count, begin + batch); ++i)
      records.push_back(make_record(i, now_ms - static_cast<int64_t>(count - i) * 1000));
    for (const auto& record : records)
      check(store->create(record));
    check(store->commit());
    for (const auto& record : records)
      check(store->append_log(record.plan->build_id, text, 0, text.size()));
    live(*store, records);
  }
}

} // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: journal_filler FOLDER COUNT\n", stderr);
    return 2;
  }
  try {
    fill(argv[1], std::stoul(argv[2]));
  } catch (const std::exception& e) {
    std::fprintf(stderr, "journal_filler: %s\n", e.what());
    return 1;
  }
}
