#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ib::imgctl {

/// What the debug endpoint says of a service, as plain values. Pure.

struct actor_row {
  std::string path;
  std::string parent;
  std::string kind;
  std::string last_error;
  bool alive = true;
  bool busy = false;
  uint64_t mailbox = 0;
  uint64_t handled = 0;
  uint64_t restarts = 0;
  int64_t age_ms = 0;
  double per_s = 0;  ///< messages it handles in a second
  uint64_t beat = 0; ///< of the house, when this was said
};

struct build_row {
  std::string id;
  std::string ref;
  std::string triggered_by;
  std::string state;
  std::string message;
  int64_t attempt = 0;
  int64_t created_ms = 0;
  int64_t since_ms = 0; ///< in this state
  uint64_t log_bytes = 0;
  std::optional<uint64_t> ahead;  ///< of one that waits: how many are started before it
  std::optional<int64_t> wait_ms; ///< and how long it is guessed to wait
};

struct registry_row {
  std::vector<std::string> cells; ///< as the endpoint words them
};

struct storage_facts {
  std::string trouble; ///< empty: it can be used
  uint64_t commits = 0;
  uint64_t writes = 0;
  uint64_t log_bytes = 0;
  int64_t last_us = 0;
  int64_t slowest_us = 0;
};

struct process_facts {
  int64_t pid = 0;
  uint64_t memory = 0;
  uint64_t threads = 0;
  uint64_t descriptors = 0;
  int64_t started_ms = 0;
};

struct cached_row {
  std::string ref;
  std::string digest;
  int64_t age_ms = 0;
  std::optional<int64_t> expires_in_ms;
};

/// A registry that has limited the service's requests (429).
struct limited_row {
  std::string registry;
  int64_t for_s = 0; ///< it is still left alone; 0: it may be asked
  uint64_t times = 0;
};

/// A service as it was at its last beat.
struct house {
  bool known = false; ///< something was said
  std::string version;
  bool ready = false;
  std::vector<std::pair<std::string, std::string>> reasons; ///< who, why not ready
  int64_t now_ms = 0;                                       ///< by the service's clock
  uint64_t running = 0;
  uint64_t queued = 0;
  uint64_t ended = 0;
  process_facts process;
  storage_facts storage;
  std::map<std::string, actor_row> actors;                         ///< by id
  std::map<std::string, build_row> builds;                         ///< by id
  std::vector<std::pair<std::string, std::vector<double>>> series; ///< oldest point first; NaN: none
  std::vector<std::string> registry_columns;
  std::vector<registry_row> registries;
  std::vector<limited_row> limited;
  uint64_t ahead_of_time = 0; ///< references that are kept resolved
  std::vector<cached_row> cached;
  uint64_t cached_in_all = 0;
  uint64_t beat = 0;

  /// The messages an actor handles in a second: none where the last beat said nothing of it.
  double rate(const actor_row& actor) const { return actor.beat == beat ? actor.per_s : 0; }
};

/// Takes in one event. `passed`: since the last beat. False where it is not what such an endpoint says.
bool apply(house& to, const std::string& event, const std::string& data, std::chrono::milliseconds passed);

/// Takes in an answer: "actors" and "running" of /debug/actors and /debug/running, "cache" of /debug/cache.
bool apply_answer(house& to, const std::string& what, const std::string& answer);

} // namespace ib::imgctl
