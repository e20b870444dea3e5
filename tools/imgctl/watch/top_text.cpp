#include "tools/imgctl/watch/top_text.hpp"

#include "tools/imgctl/text.hpp"
#include "tools/imgctl/watch/actor_text.hpp"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <tuple>
#include <utility>

namespace ib::imgctl {
namespace {

using lines = std::vector<std::string>;

/// A part of the picture: a title, a table's heading, and rows of which some may be left out.
struct section {
  std::string title;
  lines table; ///< heading first; empty: nothing to show
  size_t share = 1;
};

tone tone_of(const std::string& state) {
  if (state == "queued") return tone::dim;
  return state == "stopping" ? tone::warn : tone::accent;
}

std::string short_id(const std::string& id) { return one_line(id.substr(0, 8)); }

std::string attempt(const build_row& build) {
  return build.attempt == 0 ? std::string("-") : std::to_string(build.attempt);
}

lines builds(const house& now, const canvas& on) {
  std::vector<const build_row*> running;
  for (const auto& [id, build] : now.builds)
    if (build.state != "queued") running.push_back(&build);
  if (running.empty()) return {};
  std::sort(running.begin(), running.end(), [](const auto* a, const auto* b) {
    return std::tie(a->created_ms, a->id) < std::tie(b->created_ms, b->id);
  });
  std::vector<std::vector<cell>> rows;
  for (const auto* build : running)
    rows.push_back({{short_id(build->id)},
                    {one_line(build->state), tone_of(build->state)},
                    {in_time(now.now_ms - build->since_ms)},
                    {in_time(now.now_ms - build->created_ms)},
                    {attempt(*build), build->attempt > 1 ? tone::warn : tone::plain},
                    {in_bytes(static_cast<double>(build->log_bytes))},
                    {one_line(build->triggered_by)},
                    {one_line(build->message), tone::dim},
                    {shorten_reference(one_line(build->ref), 48)}});
  return draw_table({{"BUILD", "STATE", "FOR", "AGE", "TRY", "LOG", "BY", "SAYS", "IMAGE"},
                     {false, false, true, true, true, true, false, false, false},
                     7},
                    rows, on);
}

lines queue(const house& now, const canvas& on) {
  std::vector<const build_row*> waiting;
  for (const auto& [id, build] : now.builds)
    if (build.state == "queued") waiting.push_back(&build);
  if (waiting.empty()) return {};
  // One that has no place yet comes last.
  auto place = [](const build_row* build) {
    return std::tuple(build->ahead.value_or(UINT64_MAX), build->created_ms, build->id);
  };
  std::sort(waiting.begin(), waiting.end(),
            [&](const auto* a, const auto* b) { return place(a) < place(b); });
  std::vector<std::vector<cell>> rows;
  for (const auto* build : waiting)
    rows.push_back({{build->ahead ? std::to_string(*build->ahead + 1) : "-"},
                    {short_id(build->id)},
                    {in_time(now.now_ms - build->created_ms)},
                    {build->wait_ms ? "~" + in_time(*build->wait_ms) : "-"},
                    {one_line(build->triggered_by)},
                    {one_line(build->ref)}});
  return draw_table(
      {{"PLACE", "BUILD", "WAITS", "STILL", "BY", "IMAGE"}, {true, false, true, true, false, false}, 5}, rows,
      on);
}

/// First what is in trouble, then what has most to do.
lines actors(const house& now, const canvas& on) {
  std::vector<const actor_row*> all;
  for (const auto& [id, actor] : now.actors)
    all.push_back(&actor);
  std::sort(all.begin(), all.end(), [&](const auto* a, const auto* b) {
    return std::tuple(a->alive, -static_cast<double>(a->mailbox), -now.rate(*a), std::string_view(a->path)) <
           std::tuple(b->alive, -static_cast<double>(b->mailbox), -now.rate(*b), std::string_view(b->path));
  });
  std::vector<std::vector<cell>> rows;
  for (const auto* actor : all)
    rows.push_back(actor_cells(now, *actor, one_line(actor->path)));
  return rows.empty() ? lines() : draw_table(actor_columns(), rows, on);
}

lines registries(const house& now, const canvas& on) {
  if (now.registries.empty()) return {};
  columns how;
  for (const auto& name : now.registry_columns) {
    how.to_the_right.push_back(!how.heading.empty());
    how.heading.push_back(one_line(name));
  }
  std::vector<std::vector<cell>> rows;
  for (const auto& registry : now.registries) {
    std::vector<cell> row;
    for (const auto& text : registry.cells)
      row.push_back({one_line(text)});
    rows.push_back(std::move(row));
  }
  return draw_table(how, rows, on);
}

/// Those that have limited us and are not asked for now.
std::string left_alone(const house& now) {
  std::string text;
  for (const auto& one : now.limited)
    if (one.for_s > 0)
      text += (text.empty() ? ": left alone after 429: " : ", ") + one_line(one.registry) + " for " +
              in_time(one.for_s * 1000);
  return text;
}

lines cache(const house& now, const canvas& on) {
  std::vector<std::vector<cell>> rows;
  for (const auto& digest : now.cached)
    rows.push_back({{in_time(digest.age_ms)},
                    {digest.expires_in_ms ? in_time(*digest.expires_in_ms) : "-"},
                    {one_line(digest.digest).substr(0, 19)},
                    {one_line(digest.ref)}});
  if (rows.empty()) return {};
  return draw_table({{"AGE", "GOOD FOR", "DIGEST", "REFERENCE"}, {true, true, false, false}, 3}, rows, on);
}

std::string head(const house& now, const canvas& on, const std::string& link) {
  std::string line = paint(on, tone::heading, "image-builder " + one_line(now.version)) + "  ";
  if (!link.empty())
    line += paint(on, tone::warn, link);
  else if (now.ready)
    line += paint(on, tone::good, "ready");
  else
    line += paint(on, tone::bad, "not ready");
  line += "  up " + in_time(now.now_ms - now.process.started_ms) + "  pid " +
          std::to_string(now.process.pid) + "  " + in_bytes(static_cast<double>(now.process.memory)) + "  " +
          std::to_string(now.process.threads) + " threads  " + std::to_string(now.process.descriptors) +
          " descriptors";
  return line;
}

std::string journal(const house& now, const canvas& on) {
  const auto& s = now.storage;
  const auto state =
      s.trouble.empty() ? paint(on, tone::good, "can be used") : paint(on, tone::bad, one_line(s.trouble));
  return paint(on, tone::heading, "journal") + "  " + state + "  " +
         in_short(static_cast<double>(s.commits)) + " commits of " + in_short(static_cast<double>(s.writes)) +
         " writes, the last in " + std::to_string(s.last_us) + " us, the slowest in " +
         std::to_string(s.slowest_us) + " us; log " + in_bytes(static_cast<double>(s.log_bytes));
}

/// The last 15 minutes of everything that is measured, several to a line.
lines sparks(const house& now, const canvas& on) {
  constexpr size_t label_width = 23;
  constexpr size_t value_width = 10;
  const size_t width = on.width.value_or(120);
  const size_t across = std::clamp<size_t>(width / 60, 1, 3);
  const size_t each = width / across;
  const size_t bars = std::max<size_t>(each - std::min(each, label_width + value_width + 4), 6);
  lines out;
  for (size_t i = 0; i < now.series.size(); ++i) {
    const auto& [name, points] = now.series[i];
    const double last = points.empty() ? std::nan("") : points.back();
    auto value = name.find("bytes") == std::string::npos ? in_short(last)
                 : std::isnan(last)                      ? "-"
                                                         : in_bytes(last);
    auto label = cut(one_line(name), label_width);
    label += std::string(label_width - display_width(label), ' ');
    value = std::string(value_width - std::min(value_width, value.size()), ' ') + value;
    if (i % across == 0) out.emplace_back();
    out.back() += (i % across == 0 ? "" : "  ") + paint(on, tone::dim, label) + " " +
                  paint(on, tone::accent, sparkline(points, bars, on.unicode)) + " " + value;
  }
  return out;
}

/// How many lines each section's table may have: equal shares of `room`, what one does not need for the
/// others.
std::vector<size_t> divide(const std::vector<section>& parts, size_t room) {
  std::vector<size_t> given(parts.size(), 0);
  for (bool more = true; more && room > 0;) {
    more = false;
    for (size_t i = 0; i < parts.size(); ++i)
      for (size_t n = 0; n < parts[i].share && room > 0 && given[i] < parts[i].table.size(); ++n) {
        ++given[i];
        --room;
        more = true;
      }
  }
  return given;
}

} // namespace

lines draw_top(const house& now, const canvas& on, std::optional<size_t> height, const std::string& link) {
  lines out{head(now, on, link)};
  for (const auto& [who, why] : now.reasons)
    out.push_back(paint(on, tone::bad, "  " + one_line(who) + ": " + one_line(why)));
  for (auto& line : sparks(now, on))
    out.push_back(std::move(line));
  out.push_back(journal(now, on));
  std::vector<section> parts;
  auto add = [&](std::string title, lines table, size_t share) {
    parts.push_back({std::move(title), std::move(table), share});
  };
  add("builds: " + std::to_string(now.running) + " running, " + std::to_string(now.ended) +
          " ended since the start",
      builds(now, on), 3);
  add("queue: " + std::to_string(now.queued) + " waiting", queue(now, on), 2);
  add("actors: " + std::to_string(now.actors.size()), actors(now, on), 2);
  add("registries" + left_alone(now), registries(now, on), 2);
  add("resolver: " + std::to_string(now.cached_in_all) + " digests kept, " +
          std::to_string(now.ahead_of_time) + " references resolved ahead of time",
      cache(now, on), 1);
  const size_t fixed = out.size() + 2 * parts.size(); // a blank line and a title each
  const auto given = divide(parts, height ? *height - std::min(*height, fixed) : SIZE_MAX);
  for (size_t i = 0; i < parts.size(); ++i) {
    const auto& table = parts[i].table;
    const size_t hidden = table.size() - given[i];
    // A heading alone says nothing.
    const size_t shown = given[i] == 1 ? 0 : given[i];
    out.emplace_back();
    out.push_back(
        paint(on, tone::heading, parts[i].title) +
        (hidden > 0 && !table.empty()
             ? paint(on, tone::dim,
                     "  (" + std::to_string(table.size() - std::max<size_t>(shown, 1)) + " not shown)")
             : ""));
    out.insert(out.end(), table.begin(), table.begin() + static_cast<std::ptrdiff_t>(shown));
  }
  if (height && out.size() > *height) out.resize(*height);
  if (on.width)
    for (auto& line : out)
      line = cut(line, *on.width);
  return out;
}

} // namespace ib::imgctl
