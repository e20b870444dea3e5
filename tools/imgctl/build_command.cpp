#include "tools/imgctl/build_stream.hpp"
#include "tools/imgctl/commands.hpp"
#include "tools/imgctl/follow.hpp"
#include "tools/imgctl/request.hpp"
#include "tools/imgctl/signals.hpp"
#include "tools/imgctl/standard_sink.hpp"

#include <poll.h>

#include <array>
#include <csignal>

namespace ib::imgctl {
namespace {

using clock = std::chrono::steady_clock;

/// How often a live status line is redrawn, and how late a missing log is noticed.
constexpr int tick_ms = 100;

std::unique_ptr<build_output> make_output(const build_options& options, const global_options& global,
                                          sink& to) {
  if (global.json) return make_json_output(to);
  if (options.quiet) return make_quiet_output(to);
  const auto screen = find_terminal(global.no_color, process_environment);
  return screen.live && !options.detach ? make_live_output(to, screen, clock::now()) : make_plain_output(to);
}

void wait_for_something(const event_queue& events, const signal_watch& signals) {
  std::array<pollfd, 2> waited{{{events.descriptor(), POLLIN, 0}, {signals.descriptor(), POLLIN, 0}}};
  ::poll(waited.data(), waited.size(), tick_ms);
}

/// What is there, but no longer than `until`: signals and ticks want their turn.
void take_events(build_stream& stream, follower& follow, time_point until) {
  for (auto now = clock::now(); now < until; now = clock::now()) {
    const auto e = stream.events().pop();
    if (!e) return;
    follow.on(*e, now);
    if (const auto build_id = follow.take_log_wish()) stream.start_log(*build_id);
  }
}

int follow(build_stream& stream, follower& follow, const signal_watch& signals) {
  auto next_tick = clock::now();
  while (!follow.exit_status()) {
    wait_for_something(stream.events(), signals);
    const auto now = clock::now();
    if (const int number = signals.take(); number == SIGINT || number == SIGTERM)
      follow.on_signal(number, now);
    else if (number == SIGWINCH)
      next_tick = now;
    take_events(stream, follow, now + std::chrono::milliseconds(tick_ms));
    if (now < next_tick) continue;
    follow.on_tick(now);
    next_tick = now + std::chrono::milliseconds(tick_ms);
  }
  return *follow.exit_status();
}

} // namespace

int run_build(const build_options& options, const global_options& global) {
  const auto request = make_build_request(options, process_environment);
  if (!request) return report(request.why());
  const signal_watch signals; // before gRPC makes its threads
  auto service = connect(global);
  if (!service) return report(service.why());
  standard_sink sink;
  const auto output = make_output(options, global, sink);
  follower follower({global.address, options.detach}, *output);
  build_stream stream(*service, *request);
  return sink.close(follow(stream, follower, signals));
}

} // namespace ib::imgctl
