#pragma once

#include "tools/imgctl/watch/events.hpp"
#include "tools/imgctl/watch/house.hpp"
#include "tools/imgctl/watch/http.hpp"
#include "tools/imgctl/watch/screen.hpp"

#include <functional>
#include <string>

namespace ib::imgctl {

/// What a watch does with what it hears.
struct watcher {
  /// After each beat, and when the terminal has a new size or the connection broke. `link`: see draw_top().
  std::function<void(const house& now, const std::string& link)> show;
  /// Of each event, once `now` knows of it.
  std::function<void(house& now, const server_event& event)> heard = [](house&, const server_event&) {};
  /// The terminal that is drawn on; null: lines are printed.
  screen* on = nullptr;
};

/// Follows the endpoint's events until the user leaves; an endpoint that goes away is looked for again. The
/// exit status, or why the first connection could not be made.
outcome<int> watch(const debug_place& from, const watcher& who);

} // namespace ib::imgctl
