#include "actors/first_run.hpp"

#include "actors/build_channel.hpp"
#include "actors/io/utc_time.hpp"

#include <utility>

namespace ib {

void grant_first_run(build_record& record) {
  auto step = transition(record.machine, slot_granted{});
  if (!step) return;
  record.machine = std::move(step->next);
  for (const auto& effect : step->effects)
    if (const auto* announcement = std::get_if<announce_effect>(&effect)) {
      status_update told{build_status::running, announcement->message, record.machine.state,
                         record.machine.attempt, io::unix_ms_now()};
      told.is_step = true;
      record.channel->publish(std::move(told));
    }
}

namespace {

size_t steps_told(const build_channel& channel) {
  size_t steps = 0;
  auto told = channel.from_start();
  while (const auto* update = told.next())
    if (update->is_step) ++steps;
  return steps;
}

} // namespace

bool is_first_run_unheard_of(const build_record& record) {
  const auto& machine = record.machine;
  if (machine.state != build_state::preparing || machine.attempt != 1 || record.interrupted_attempt == 1)
    return false;
  return steps_told(*record.channel) == 1;
}

bool is_still_new(const build_record& record) {
  return is_first_run_unheard_of(record) ||
         (record.machine.state == build_state::queued && steps_told(*record.channel) == 0);
}

} // namespace ib
