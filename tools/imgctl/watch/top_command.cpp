#include "tools/imgctl/commands.hpp"
#include "tools/imgctl/places.hpp"
#include "tools/imgctl/standard_sink.hpp"
#include "tools/imgctl/terminal.hpp"
#include "tools/imgctl/watch/top_text.hpp"
#include "tools/imgctl/watch/watch.hpp"

#include <array>
#include <optional>
#include <utility>

namespace ib::imgctl {
namespace {

/// What is asked for at once: the event that says the same, or the answer's name.
constexpr std::array<std::pair<const char*, const char*>, 6> questions{{{"state", "state"},
                                                                        {"running", "running"},
                                                                        {"actors", "actors"},
                                                                        {"series", "series"},
                                                                        {"resolver", "registries"},
                                                                        {"cache", "cache"}}};

int print_once(const debug_place& place, const global_options& global) {
  house now;
  std::string json;
  for (const auto& [path, name] : questions) {
    const auto answer = ask(place, std::string("/debug/") + path);
    if (!answer) return report(answer.why());
    const bool understood = apply(now, name, *answer, {}) && apply_answer(now, name, *answer);
    if (!understood) return report(explain_endpoint(place, 200, "", ""));
    json += (json.empty() ? "{\"" : ",\"") + std::string(path) + "\":" + *answer;
  }
  standard_sink sink;
  if (global.json) {
    sink.out(json + "}\n");
    return sink.close(0);
  }
  const auto shown = find_terminal(global.no_color, process_environment);
  const canvas on{shown.live ? std::optional(shown.width()) : std::nullopt, shown.color, shown.unicode};
  for (const auto& line : draw_top(now, on, std::nullopt, ""))
    sink.out(line + "\n");
  return sink.close(0);
}

int follow_on(const debug_place& place, const terminal& shown) {
  standard_sink sink;
  const auto ended = [&] {
    screen on(sink);
    watcher who;
    who.on = &on;
    who.show = [&](const house& now, const std::string& link) {
      on.draw(draw_top(now, {shown.width(), shown.color, shown.unicode}, shown.height(), link));
    };
    // What a resolver keeps changes with what it is asked.
    who.heard = [&](house& now, const server_event& event) {
      if (event.name != "registries") return;
      if (const auto answer = ask(place, "/debug/cache")) apply_answer(now, "cache", *answer);
    };
    return watch(place, who);
  }();
  return ended ? sink.close(*ended) : report(ended.why());
}

} // namespace

int run_top(const top_options& options, const global_options& global) {
  const auto place = find_debug(global, process_environment);
  if (!place) return report(place.why());
  const auto shown = find_terminal(global.no_color, process_environment);
  if (options.once || global.json || !shown.live) return print_once(*place, global);
  // Before the terminal is taken.
  if (const auto first = ask(*place, "/debug/state"); !first) return report(first.why());
  return follow_on(*place, shown);
}

} // namespace ib::imgctl
