#pragma once

#include "actors/build_channel.hpp"
#include "actors/domain/build_machine.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ib {

/// A place in the list of builds, which is ordered by creation, newest first.
struct listing_place {
  int64_t created_ms = 0;
  std::string build_id;
};

/// Which builds to list. Empty members match all.
struct build_filter {
  std::vector<build_state> states;
  std::string reference; ///< the workspace or the base reference, exact
  std::string triggered_by;
  std::optional<int64_t> created_from_ms;   ///< inclusive, unix milliseconds
  std::optional<int64_t> created_before_ms; ///< exclusive, unix milliseconds
  std::optional<listing_place> after;       ///< only what follows this place
  size_t limit = 50;
};

/// What is known of a build without its log.
struct build_summary {
  std::string build_id;
  std::string workspace_ref;
  std::string base_ref;
  std::string triggered_by;
  std::string source; ///< what it is built from, in words and without credentials
  int64_t created_ms = 0;
  int64_t started_ms = 0; ///< when its first run began; 0 before
  int64_t ended_ms = 0;   ///< 0 while it has not ended
  machine_state machine;
  uint64_t log_begin = 0; ///< offset of the first byte that is kept
  uint64_t log_end = 0;   ///< offset after the last byte
};

struct build_page {
  std::vector<build_summary> builds; ///< newest first
  std::optional<listing_place> next; ///< where the next page goes on; none after the last
};

/// One build with the steps it has taken.
struct build_description {
  build_summary summary;
  std::vector<status_update> steps;    ///< oldest first
  std::optional<status_update> latest; ///< the newest thing it said, a step or not; none before the first
};

/// What is told of a build, wherever it is known from. It refers to what it was made of, which must live as
/// long.
struct build_view {
  std::string_view build_id;
  std::string_view workspace_ref;
  std::string_view base_ref;
  std::string_view triggered_by;
  std::string_view source;
  int64_t created_ms = 0;
  int64_t started_ms = 0; ///< as in build_summary
  int64_t ended_ms = 0;
  build_state state = build_state::queued;
  int attempt = 0;
  std::string_view end_message;
  const build_failure* failure = nullptr; ///< of a failed build, where a run said why
  uint64_t log_begin = 0;
  uint64_t log_end = 0;
  std::vector<const status_update*> steps; ///< oldest first
  const status_update* latest = nullptr;   ///< the newest thing it said, a step or not; null before the first
};

build_view view_of(const build_summary& summary);
build_view view_of(const build_description& build);
/// The same as the journal tells of a build, and what was said since the last step.
build_view view_of(const build_channel& channel);

/// One run of a build.
struct attempt_span {
  int number = 1;
  int64_t began_ms = 0;
  int64_t ended_ms = 0;         ///< 0 while it runs
  std::string_view end_message; ///< why it ended; in the words of the step
};

/// The runs of a build as its steps tell them, oldest first.
std::vector<attempt_span> attempts_of(const std::vector<const status_update*>& steps);

/// How a request came to a build.
struct request_note {
  std::string build_id;
  int64_t at_ms = 0; ///< unix milliseconds
  std::string triggered_by;
  bool joined = false; ///< the build was under way already
};

} // namespace ib
