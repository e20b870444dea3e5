#pragma once

#include "actors/domain/build_machine.hpp"
#include "actors/domain/registry_settings.hpp"
#include "actors/domain/result.hpp"
#include "actors/io/run_threads.hpp"

#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

namespace ib {

/// Whom a pipeline tells.
struct pipeline_events {
  std::function<void(std::string_view)> output; ///< bytes for the build's log
  const io::output_gate* gate = nullptr;        ///< while it is full no tool's output is to be read
  std::function<void(build_state, std::string)> phase;
  /// What a one-time URL answered; through once it is kept for a later run, or cannot be.
  std::function<io::task<result<void>>(std::string url, std::string answer)> answer;
};

/// What a run has come to, and its waits: a registry that limits our rate is left alone for as long as it
/// says, and the build tells so (spec: images.md, "Resolution").
class run_progress {
public:
  run_progress(io::run_threads& threads, const registry_settings& registries, pipeline_events events,
               std::stop_token stop)
      : threads_(threads), registries_(registries), events_(std::move(events)), stop_(std::move(stop)) {}

  void enter(build_state phase, std::string message);
  /// A line of the service's own in the build's log.
  void say(const std::string& line) const { events_.output("image-builder: " + line + "\n"); }
  const pipeline_events& events() const { return events_; }

  const std::stop_token& stop() const { return stop_; }
  bool stopped() const { return stop_.stop_requested(); }
  static error stopped_error() { return {error_code::cancelled, "stopped", "", {}}; }

  /// Waits for as long as a `too_many_requests` asks for; false where the build is stopped meanwhile.
  io::task<bool> leave_alone(std::string registry, error limit);

  /// Does the work, which is something to await, again and again, until it fails otherwise than by a limit.
  template <class T, class Work>
  io::task<result<T>> patiently(std::string registry, Work work) {
    for (;;) {
      auto working = work();
      result<T> answer = co_await working;
      if (answer || answer.error().code != error_code::too_many_requests) co_return answer;
      auto leaving_alone = leave_alone(registry, answer.error());
      auto whole = co_await leaving_alone;
      if (!whole) co_return stopped_error();
    }
  }

private:
  io::run_threads& threads_;
  const registry_settings& registries_;
  pipeline_events events_;
  std::stop_token stop_;
  build_state phase_ = build_state::preparing;
};

} // namespace ib
