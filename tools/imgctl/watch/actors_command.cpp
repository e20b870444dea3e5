#include "tools/imgctl/commands.hpp"
#include "tools/imgctl/places.hpp"
#include "tools/imgctl/standard_sink.hpp"
#include "tools/imgctl/terminal.hpp"
#include "tools/imgctl/text.hpp"
#include "tools/imgctl/watch/actor_text.hpp"
#include "tools/imgctl/watch/watch.hpp"

#include <optional>

namespace ib::imgctl {
namespace {

canvas canvas_of(const terminal& shown) {
  return {shown.live ? std::optional(shown.width()) : std::nullopt, shown.color, shown.unicode};
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const auto& line : lines)
    text += line + "\n";
  return text;
}

int print_once(const debug_place& place, const actors_options& options, const global_options& global) {
  const auto answer = ask(place, "/debug/actors");
  if (!answer) return report(answer.why());
  house now;
  if (!apply_answer(now, "actors", *answer)) return report(explain_endpoint(place, 200, "", ""));
  standard_sink sink;
  sink.out(global.json ? *answer + "\n"
                       : joined(draw_actors(now, options.match,
                                            canvas_of(find_terminal(global.no_color, process_environment)))));
  return sink.close(0);
}

int finish(const outcome<int>& ended, standard_sink& sink) {
  return ended ? sink.close(*ended) : report(ended.why());
}

/// A line for each change.
int print_changes(const debug_place& place) {
  standard_sink sink;
  watcher who;
  who.show = [](const house&, const std::string& link) {
    if (!link.empty()) standard_sink().err("imgctl: " + link + "\n");
  };
  who.heard = [&sink](house&, const server_event& event) {
    if (event.name == "actors") sink.out(event.data + "\n");
  };
  return finish(watch(place, who), sink);
}

int print_pictures(const debug_place& place, const actors_options& options, const terminal& shown) {
  standard_sink sink;
  watcher who;
  who.show = [&](const house& now, const std::string& link) {
    if (link.empty())
      sink.out(joined(draw_actors(now, options.match, canvas_of(shown))) + "\n");
    else
      sink.err("imgctl: " + link + "\n");
  };
  return finish(watch(place, who), sink);
}

int draw_on(const debug_place& place, const actors_options& options, const terminal& shown) {
  standard_sink sink;
  const auto ended = [&] {
    screen on(sink);
    watcher who;
    who.on = &on;
    who.show = [&](const house& now, const std::string& link) {
      auto lines = draw_actors(now, options.match, canvas_of(shown));
      if (!link.empty()) lines.insert(lines.begin(), cut(one_line(link), shown.width()));
      const size_t room = shown.height();
      if (lines.size() > room) {
        const auto hidden = std::to_string(lines.size() - room + 1);
        lines.resize(room);
        lines.back() = "... " + hidden + " more; imgctl actors prints all of them";
      }
      on.draw(lines);
    };
    return watch(place, who);
  }();
  return finish(ended, sink);
}

} // namespace

int run_actors(const actors_options& options, const global_options& global) {
  const auto place = find_debug(global, process_environment);
  if (!place) return report(place.why());
  if (!options.watch) return print_once(*place, options, global);
  // Before the terminal is taken.
  if (const auto first = ask(*place, "/debug/state"); !first) return report(first.why());
  if (global.json) return print_changes(*place);
  const auto shown = find_terminal(global.no_color, process_environment);
  return shown.live ? draw_on(*place, options, shown) : print_pictures(*place, options, shown);
}

} // namespace ib::imgctl
