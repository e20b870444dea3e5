#pragma once

#include "actors/build_channel.hpp"
#include "actors/build_listing.hpp"
#include "actors/build_plan.hpp"
#include "actors/domain/build_machine.hpp"
#include "actors/domain/result.hpp"
#include "actors/domain/shared_text.hpp"
#include "actors/io/registry_client.hpp"

#include <caf/actor_control_block.hpp>
#include <caf/allowed_unsafe_message_type.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

// Every message that actors exchange. Structs travel within the process only: none is ever serialized.

namespace ib {

// --- journal ---

struct journal_create {
  build_record record;
};
struct journal_advance {
  std::string build_id;
  machine_state machine;
  std::optional<std::chrono::steady_clock::time_point> deadline;
  std::optional<status_update> step; ///< what watchers will be told
};
struct journal_append {
  std::string build_id;
  shared_text bytes;
  uint64_t at = 0; ///< offset of the first byte in the log
  uint64_t raw_offset = 0;
};
/// The answer of the three above, and of journal_note_answer: it is kept, or why not. `unavailable` where the
/// storage fails: the same may be tried again.
struct journal_kept {
  result<void> outcome;
};
/// How a request came to a build. Without an answer.
struct journal_note_request {
  request_note note;
};
/// What a one-time URL of a build's source answered.
struct journal_note_answer {
  std::string build_id;
  std::string url;
  std::string answer; ///< a secret
};
/// By id where there is one, else the newest build of the reference.
struct journal_find {
  std::string build_id;
  std::string workspace_ref;
  std::optional<uint64_t> log_from{}; ///< from there on the log is in memory with the answer, and pinned
};
struct journal_found {
  result<build_record> record;
  log_buffer::pin log{};
};
struct journal_list_unfinished {};
struct journal_unfinished {
  result<std::vector<build_record>> records; ///< oldest first
};
struct journal_describe {
  std::string build_id;
};
struct journal_described {
  result<build_description> build;
};
struct journal_list {
  build_filter filter;
};
struct journal_listed {
  result<build_page> page;
};

// --- registry lookups ---

/// The digest form of a reference.
struct resolve_image {
  io::registry_lookup lookup;
  bool fresh = false; ///< not from what was resolved ahead of time
};
/// Whether an image exists right now; never answered from a cache.
struct find_image {
  io::registry_lookup lookup;
};
struct image_answer {
  result<io::found_image> image;
};

// --- admission of builds ---

/// Start the build of a plan, or join the one of the same workspace reference.
struct admit_build {
  std::shared_ptr<const build_plan> plan;
  /// The director's count of ended builds before the asker looked for the image in the registry: a build of
  /// this reference that succeeded since then is joined too, since the asker cannot have seen its image.
  uint64_t seen_epoch = 0;
};
struct build_admitted {
  result<channel_ptr> channel;
  bool joined = false;
};
/// There are joins on the board's ledger to be counted.
struct joins_noted {};
/// A build that the engine found running although the journal does not know it: take it over.
struct adopt_build {
  std::shared_ptr<const build_plan> plan;
};
/// A build's actor is there and wants to know whether it may run.
struct build_ready {
  std::string build_id;
  caf::strong_actor_ptr actor;
  bool waits = true; ///< false where it knows, and is only to be known itself
};
/// To a build: it holds a slot.
struct run_now {};
/// From a build or its supervisor: it has ended and its slot is free.
struct build_ended {
  std::string build_id;
  bool success = false;
  int64_t run_ms = 0; ///< how long it held its slot, 0 where it never did
};
struct cancel_build {
  std::string build_id;
  std::string reason;
};
/// failed_precondition where the build has ended, not_found where no build of this id is under way. A build
/// that is stopping already goes on ending for its first reason.
struct cancel_answer {
  result<void> outcome;
};

// --- supervision of builds ---

struct start_build {
  std::string build_id;
  /// Of a build that is new: as the journal has just kept it, which is asked for any other.
  std::shared_ptr<const build_record> fresh{};
};
/// To a build that lives already: tell the director who you are.
struct introduce_yourself {};

// --- engine runs ---

struct start_run {
  std::shared_ptr<const build_plan> plan;
  int attempt = 1;
};
/// The run of a build that was started before.
struct attach_run {
  std::string build_id;
  int attempt = 1;
  std::shared_ptr<const build_plan> plan;
  bool begun = false; ///< as the machine remembers it
};
/// The answer of the two above: the run's actor; not_found where there is no such run (any more).
struct run_handle {
  result<caf::strong_actor_ptr> run;
};
struct stop_run {
  std::string build_id;
};
/// From a build to its run: send me everything from this offset of the run's output on, then what follows.
struct subscribe_run {
  uint64_t raw_offset = 0;
  caf::strong_actor_ptr listener;
};
/// From a build to its run: its end is kept, nobody will ask again.
struct release_run {};
/// From a build to its run: the output up to here is kept in the log and will not be asked for again.
struct acknowledge_output {
  uint64_t raw_offset = 0;
};
/// A piece of a run's output, starting at `raw_offset`.
struct run_output {
  int attempt = 1;
  uint64_t raw_offset = 0;
  std::shared_ptr<const std::string> bytes;
};
struct run_phase {
  int attempt = 1;
  build_state phase = build_state::preparing;
  std::string message;
  bool replayed = false; ///< sent because of a new subscription; nobody may have been told before
  bool begun = false;    ///< see machine_state
};
/// A line for the log that is no part of the run's output.
struct run_note {
  int attempt = 1;
  std::string line;
};
/// Where the run's output can be followed at its source; told again with a new subscription.
struct run_log_access {
  int attempt = 1;
  log_access_ptr access;
};
/// The run is over, all its output was sent before; its event says how.
struct run_ended {
  int attempt = 1;
  build_event how; ///< run_succeeded or run_failed
};

// --- fan-out ---

/// A build's log or status has grown: wake those who wait for it.
struct channel_grew {
  channel_ptr channel;
};

} // namespace ib

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::journal_create)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::journal_advance)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::journal_append)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::journal_kept)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::adopt_build)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::journal_listed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::journal_list)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::journal_described)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::journal_describe)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::journal_note_answer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::journal_note_request)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::journal_find)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::journal_found)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::journal_list_unfinished)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::journal_unfinished)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::resolve_image)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::find_image)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::image_answer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::admit_build)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::build_admitted)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::joins_noted)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::build_ready)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::queue_place)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::run_now)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::build_ended)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::cancel_build)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::cancel_answer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::start_build)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::introduce_yourself)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::release_run)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::start_run)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::attach_run)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::run_handle)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::stop_run)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::subscribe_run)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::acknowledge_output)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::run_output)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::run_phase)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::run_note)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::run_log_access)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::run_ended)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ib::channel_grew)
