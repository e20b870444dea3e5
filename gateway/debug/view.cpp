#include "gateway/debug/view.hpp"

#include "actors/io/utc_time.hpp"

#include <nlohmann/json.hpp>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <unistd.h>
#include <unordered_map>

namespace ib {

namespace {

using nlohmann::ordered_json;

/// Whatever bytes a text has.
std::string dump(const ordered_json& value) {
  return value.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

/// An object's members without its braces.
std::string members(const ordered_json& object) {
  auto text = dump(object);
  return text.substr(1, text.size() - 2);
}

double two_places(double value) { return std::round(value * 100) / 100; }

std::string rounded(double value) { return ordered_json(two_places(value)).dump(); }

size_t entries_in(const char* folder) {
  std::error_code ignored;
  std::filesystem::directory_iterator entries(folder, ignored);
  return static_cast<size_t>(std::distance(begin(entries), end(entries)));
}

uint64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  uint64_t whole = 0;
  uint64_t resident = 0;
  file >> whole >> resident;
  return resident * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
}

bool waits(const build_channel& channel) {
  const auto* latest = channel.latest();
  return latest == nullptr || latest->state == build_state::queued;
}

ordered_json process_json(const debug_sources& from) {
  return {{"pid", ::getpid()},
          {"rss_bytes", resident_bytes()},
          {"threads", entries_in("/proc/self/task")},
          {"descriptors", entries_in("/proc/self/fd")},
          {"started_ms", from.started_ms}};
}

ordered_json builds_json(const debug_sources& from) {
  auto now = from.builds->read();
  size_t queued = 0;
  for (const auto& channel : now->channels())
    queued += waits(*channel) ? 1 : 0;
  return {{"running", now->channels().size() - queued}, {"queued", queued}, {"ended", now->epoch}};
}

ordered_json storage_of(const debug_sources& from) {
  auto now = from.storage->read();
  return {{"trouble", now->trouble},
          {"commits", now->commits},
          {"writes", now->writes},
          {"log_bytes", now->log_bytes},
          {"last_commit_us", now->commit_us},
          {"slowest_commit_us", now->slowest_us}};
}

/// When the build came into the state it is in; what it has said since is no new one.
int64_t in_state_since(const build_channel& channel) {
  auto state = build_state::queued;
  int attempt = 0;
  int64_t since_ms = channel.identity().created_ms;
  auto cursor = channel.from_start();
  while (const auto* update = cursor.next()) {
    if (update->state == state && update->attempt == attempt) continue;
    state = update->state;
    attempt = update->attempt;
    since_ms = update->at_ms;
  }
  return since_ms;
}

} // namespace

std::string state_json(const debug_sources& from) {
  auto reasons = from.health->read();
  return dump({{"version", from.version},
               {"now_ms", io::unix_ms_now()},
               {"ready", reasons->empty()},
               {"reasons", *reasons},
               {"process", process_json(from)},
               {"builds", builds_json(from)},
               {"storage", storage_of(from)}});
}

std::vector<debug_row> build_rows(const debug_sources& from) {
  std::vector<debug_row> rows;
  auto now = from.builds->read();
  rows.reserve(now->channels().size());
  std::unordered_map<std::string_view, size_t> places;
  for (size_t i = 0; i < now->queue.size(); ++i)
    places.emplace(now->queue[i].build_id, i);
  for (const auto& channel : now->channels()) {
    const auto& identity = channel->identity();
    const auto* latest = channel->latest();
    ordered_json row{{"id", identity.build_id},
                     {"ref", identity.workspace_ref},
                     {"triggered_by", identity.triggered_by},
                     {"created_ms", identity.created_ms},
                     {"state", to_string(latest == nullptr ? build_state::queued : latest->state)},
                     {"attempt", latest == nullptr ? 0 : latest->attempt},
                     {"message", latest == nullptr ? "" : latest->message},
                     {"since_ms", in_state_since(*channel)},
                     {"log_bytes", channel->log().end_offset()},
                     {"log_bytes_in_memory", channel->log().end_offset() - channel->log().memory_begin()}};
    // In its turn, with a guess at the wait where one can be made.
    if (auto place = places.find(identity.build_id); place != places.end()) {
      row["ahead"] = place->second;
      if (auto wait = now->queue[place->second].estimate_ms) row["wait_ms"] = *wait;
    }
    rows.push_back({identity.build_id, members(row), {}});
  }
  return rows;
}

std::vector<debug_row> actor_rows(const debug_sources& from) {
  std::vector<debug_row> rows;
  auto entries = from.actors->read();
  rows.reserve(entries.size());
  for (const auto& actor : entries) {
    // Two may have one path for a moment: rows are told apart all the same.
    auto id = actor.path;
    if (!rows.empty() && rows.back().id.starts_with(id) &&
        (rows.back().id == id || rows.back().id[id.size()] == '#'))
      id += "#" + std::to_string(rows.size());
    ordered_json row{{"id", id},
                     {"path", actor.path},
                     {"parent", actor.parent()},
                     {"kind", actor.kind},
                     {"alive", actor.alive},
                     {"busy", actor.busy},
                     {"mailbox", actor.waiting},
                     {"handled", actor.handled},
                     {"restarts", actor.crashes},
                     {"last_error", actor.last_error}};
    auto passing =
        "\"age_ms\":" + std::to_string(actor.age_ms) + ",\"idle_ms\":" + std::to_string(actor.idle_ms);
    passing += ",\"per_s\":" + rounded(actor.per_second);
    rows.push_back({std::move(id), members(row), std::move(passing)});
  }
  return rows;
}

std::string rows_json(const std::vector<debug_row>& rows) {
  std::string text = "{\"rows\":[";
  for (const auto& row : rows)
    text += (text.ends_with('[') ? "" : ",") + row.text();
  return text + "]}";
}

std::string series_json(const time_series::snapshot& series) {
  ordered_json values = ordered_json::object();
  for (const auto& [name, line] : series.values) {
    auto& points = values[name] = ordered_json::array();
    for (auto value : line)
      points.push_back(std::isnan(value) ? ordered_json() : ordered_json(two_places(value)));
  }
  return dump({{"times_ms", series.times_ms}, {"values", std::move(values)}});
}

std::string storage_json(const debug_sources& from) { return dump(storage_of(from)); }

sample_values measure(const debug_sources& from, std::map<std::string, rate_of>& rates, int64_t now_ms) {
  auto rate = [&](const char* name, uint64_t count) {
    return rates[name].per_second(static_cast<double>(count), now_ms);
  };
  auto builds = builds_json(from);
  auto storage = from.storage->read();
  io::actor_totals actors;
  for (const auto& [kind, of_kind] : from.actors->totals()) {
    actors.living += of_kind.living;
    actors.handled += of_kind.handled;
    actors.waiting += of_kind.waiting;
  }
  return {{"builds running", builds["running"].get<double>()},
          {"builds queued", builds["queued"].get<double>()},
          {"builds ended per minute", 60 * rate("ended", builds["ended"].get<uint64_t>())},
          {"log bytes/s", rate("log", storage->log_bytes)},
          {"journal commits/s", rate("commits", storage->commits)},
          {"journal commit µs", static_cast<double>(storage->commit_us)},
          {"actors", static_cast<double>(actors.living)},
          {"messages/s", rate("messages", actors.handled)},
          {"messages waiting", static_cast<double>(actors.waiting)},
          {"memory bytes", static_cast<double>(resident_bytes())}};
}

} // namespace ib
