#include "tools/imgctl/watch/house.hpp"

#include <nlohmann/json.hpp>

#include <limits>

namespace ib::imgctl {
namespace {

using nlohmann::json;

/// A member where it is there and no null; the service may be of another version.
template <class Value>
void take(const json& from, const char* name, Value& into) {
  if (const auto found = from.find(name); found != from.end() && !found->is_null()) found->get_to(into);
}

template <class Value>
void take(const json& from, const char* name, std::optional<Value>& into) {
  into.reset();
  if (const auto found = from.find(name); found != from.end() && !found->is_null())
    into = found->get<Value>();
}

actor_row read_actor(const json& from) {
  actor_row row;
  take(from, "path", row.path);
  take(from, "parent", row.parent);
  take(from, "kind", row.kind);
  take(from, "last_error", row.last_error);
  take(from, "alive", row.alive);
  take(from, "busy", row.busy);
  take(from, "mailbox", row.mailbox);
  take(from, "handled", row.handled);
  take(from, "restarts", row.restarts);
  take(from, "age_ms", row.age_ms);
  take(from, "per_s", row.per_s);
  return row;
}

build_row read_build(const json& from) {
  build_row row;
  take(from, "id", row.id);
  take(from, "ref", row.ref);
  take(from, "triggered_by", row.triggered_by);
  take(from, "state", row.state);
  take(from, "message", row.message);
  take(from, "attempt", row.attempt);
  take(from, "created_ms", row.created_ms);
  take(from, "since_ms", row.since_ms);
  take(from, "log_bytes", row.log_bytes);
  take(from, "ahead", row.ahead);
  take(from, "wait_ms", row.wait_ms);
  return row;
}

void read_storage(const json& from, storage_facts& into) {
  take(from, "trouble", into.trouble);
  take(from, "commits", into.commits);
  take(from, "writes", into.writes);
  take(from, "log_bytes", into.log_bytes);
  take(from, "last_commit_us", into.last_us);
  take(from, "slowest_commit_us", into.slowest_us);
}

void read_state(house& to, const json& from) {
  take(from, "version", to.version);
  take(from, "ready", to.ready);
  take(from, "now_ms", to.now_ms);
  to.reasons.clear();
  for (const auto& [who, why] : from.at("reasons").items())
    to.reasons.emplace_back(who, why.get<std::string>());
  const auto& builds = from.at("builds");
  take(builds, "running", to.running);
  take(builds, "queued", to.queued);
  take(builds, "ended", to.ended);
  const auto& process = from.at("process");
  take(process, "pid", to.process.pid);
  take(process, "rss_bytes", to.process.memory);
  take(process, "threads", to.process.threads);
  take(process, "descriptors", to.process.descriptors);
  take(process, "started_ms", to.process.started_ms);
  read_storage(from.at("storage"), to.storage);
}

void read_series(house& to, const json& from) {
  to.series.clear();
  for (const auto& [name, points] : from.at("values").items()) {
    std::vector<double> line;
    for (const auto& point : points)
      line.push_back(point.is_number() ? point.get<double>() : std::numeric_limits<double>::quiet_NaN());
    to.series.emplace_back(name, std::move(line));
  }
}

/// A cell may be a text or a number.
std::string words(const json& cell) {
  if (cell.is_string()) return cell.get<std::string>();
  if (cell.is_number_float() && cell.get<double>() == static_cast<double>(cell.get<int64_t>()))
    return std::to_string(cell.get<int64_t>());
  return cell.dump();
}

void read_registries(house& to, const json& from) {
  to.ahead_of_time = from.at("ahead_of_time").size();
  const auto& table = from.at("registries");
  to.registry_columns = table.at("columns").get<std::vector<std::string>>();
  to.registries.clear();
  for (const auto& row : table.at("rows")) {
    registry_row cells;
    for (const auto& cell : row)
      cells.cells.push_back(words(cell));
    cells.cells.resize(to.registry_columns.size());
    to.registries.push_back(std::move(cells));
  }
}

void read_limited(house& to, const json& from) {
  to.limited.clear();
  const auto rows = from.find("limited");
  if (rows == from.end()) return;
  for (const auto& one : *rows) {
    limited_row row;
    take(one, "registry", row.registry);
    take(one, "for_s", row.for_s);
    take(one, "times", row.times);
    to.limited.push_back(std::move(row));
  }
}

void read_cache(house& to, const json& from) {
  take(from, "kept", to.cached_in_all);
  to.cached.clear();
  for (const auto& one : from.at("rows")) {
    cached_row row;
    one.at("ref").get_to(row.ref);
    take(one, "digest", row.digest);
    take(one, "age_ms", row.age_ms);
    take(one, "expires_in_ms", row.expires_in_ms);
    to.cached.push_back(std::move(row));
  }
}

template <class Row, class Read>
void change(std::map<std::string, Row>& table, const json& said, Read read) {
  if (said.value("whole", false)) table.clear();
  if (const auto gone = said.find("gone"); gone != said.end())
    for (const auto& id : *gone)
      table.erase(id.get<std::string>());
  for (const auto& row : said.at("rows")) {
    const auto id = row.at("id").get<std::string>();
    table[id] = read(id, row);
  }
}

void change_actors(house& to, const json& said, std::chrono::milliseconds passed) {
  change(to.actors, said, [&](const std::string& id, const json& from) {
    auto row = read_actor(from);
    row.beat = to.beat;
    const auto old = to.actors.find(id); // nothing in a whole table
    // The service knows the rates of a while ago; between two beats this side knows better.
    if (old != to.actors.end() && row.handled >= old->second.handled && passed.count() > 0)
      row.per_s =
          static_cast<double>(row.handled - old->second.handled) * 1000 / static_cast<double>(passed.count());
    return row;
  });
}

} // namespace

bool apply(house& to, const std::string& event, const std::string& data, std::chrono::milliseconds passed) {
  try {
    const auto said = json::parse(data);
    if (event == "state") {
      read_state(to, said);
      ++to.beat;
      to.known = true;
    }
    if (event == "builds")
      change(to.builds, said, [](const auto&, const json& from) { return read_build(from); });
    if (event == "actors") change_actors(to, said, passed);
    if (event == "series") read_series(to, said);
    if (event == "registries") {
      read_registries(to, said);
      read_limited(to, said);
    }
    return true;
  } catch (const json::exception&) {
    return false;
  }
}

bool apply_answer(house& to, const std::string& what, const std::string& answer) {
  try {
    const auto said = json::parse(answer);
    if (what == "actors")
      change(to.actors, said, [&](const auto&, const json& from) {
        auto row = read_actor(from);
        row.beat = to.beat;
        return row;
      });
    if (what == "running")
      change(to.builds, said, [](const auto&, const json& from) { return read_build(from); });
    if (what == "cache") read_cache(to, said);
    return true;
  } catch (const json::exception&) {
    return false;
  }
}

} // namespace ib::imgctl
