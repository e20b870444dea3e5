#pragma once

#include "actors/domain/build_machine.hpp"
#include "actors/domain/registry_settings.hpp"
#include "actors/domain/result.hpp"

#include <functional>
#include <future>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

namespace ib {

/// Whom a pipeline tells.
struct pipeline_events {
  std::function<void(std::string_view)> output; ///< bytes for the build's log; may block
  std::function<void(build_state, std::string)> phase;
  /// What a one-time URL answered; returns once it is kept for a later run, or cannot be.
  std::function<void(const std::string& url, const std::string& answer)> answer;
};

/// Starts a call that answers by a callback and waits for its answer; whoever is called bounds it in time.
template <class T, class Call>
result<T> wait_for(Call call) {
  auto promise = std::make_shared<std::promise<result<T>>>();
  auto future = promise->get_future();
  call([promise](result<T> answer) { promise->set_value(std::move(answer)); });
  return future.get();
}

/// What a run has come to, and its waits: a registry that limits our rate is left alone for as long as it
/// says, and the build tells so (spec: images.md, "Resolution").
class run_progress {
public:
  run_progress(const registry_settings& registries, pipeline_events events, std::stop_token stop)
      : registries_(registries), events_(std::move(events)), stop_(std::move(stop)) {}

  void enter(build_state phase, std::string message);
  /// A line of the service's own in the build's log.
  void say(const std::string& line) const { events_.output("image-builder: " + line + "\n"); }
  /// Who keeps the answers of one-time URLs.
  const std::function<void(const std::string&, const std::string&)>& answer() const { return events_.answer; }
  /// Where the output of tools goes.
  const std::function<void(std::string_view)>& output() const { return events_.output; }

  const std::stop_token& stop() const { return stop_; }
  bool stopped() const { return stop_.stop_requested(); }
  static error stopped_error() { return {error_code::cancelled, "stopped", "", {}}; }

  /// Waits for as long as a `too_many_requests` asks for; false where the build is stopped meanwhile.
  bool leave_alone(const std::string& registry, const error& limit);

  /// Does the work again and again, until it fails otherwise than by a limit.
  template <class T, class Work>
  result<T> patiently(const std::string& registry, Work work) {
    for (;;) {
      result<T> answer = work();
      if (answer || answer.error().code != error_code::too_many_requests) return answer;
      if (!leave_alone(registry, answer.error())) return stopped_error();
    }
  }

private:
  const registry_settings& registries_;
  pipeline_events events_;
  std::stop_token stop_;
  build_state phase_ = build_state::preparing;
};

} // namespace ib
