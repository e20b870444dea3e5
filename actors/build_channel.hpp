#pragma once

#include "actors/build_identity.hpp"
#include "actors/domain/build_machine.hpp"
#include "actors/domain/log_buffer.hpp"
#include "actors/domain/rare.hpp"
#include "actors/domain/shared_slot.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ib {

class pattern_set;

/// Where a build's log can be followed over HTTP. The token is a secret of the build's callers.
struct log_access {
  std::string url;
  std::string owner_token;

  bool operator==(const log_access&) const = default;
};
/// One for all who hold it: the run, its reader, the channel.
using log_access_ptr = std::shared_ptr<const log_access>;

enum class build_status : uint8_t { running, success, failure };

/// Where a build stands that waits for its turn. Told to it whenever that changes.
struct queue_place {
  size_t builds_ahead = 0;
  std::optional<int64_t> estimate_ms; ///< how long it will take, once enough is known for a guess
};

/// One thing watchers are told, in order. The last one of a build is a success or a failure.
struct status_update {
  build_status status = build_status::running;
  std::string message;
  build_state state = build_state::queued; ///< where the build stands with it
  int attempt = 0;                         ///< the run it is about, from 1; 0 before the first
  int64_t at_ms = 0;                       ///< unix milliseconds
  /// False for what is said between two steps of the state machine (a place in the queue, a silence); that is
  /// not kept by the journal.
  bool is_step = false;
  rare<build_failure> failure{}; ///< of a failed build, where a run said why
  rare<queue_place> place{};     ///< of a build that tells its place in the queue
};

/// Somebody who has read everything there is and wants to know when there is more.
class channel_waiter {
public:
  virtual ~channel_waiter() = default;
  /// There may be more. Called from any thread, possibly although nothing is new; must not block.
  virtual void wake() = 0;
};

/// What a build shows to the outside: its log and its status updates, both append-only, written by the
/// build's actor alone (the first step also by the director, before anybody has it) and read by any number of
/// streams on any thread at their own pace. It outlives the actor: after a crash the next incarnation goes on
/// writing where the last one stopped, and no reader notices.
///
/// A reader pulls with its own cursors; when it has everything it parks: `park()`, then looks once more (an
/// update may have come in between), then waits for `wake()`. Nothing here takes a lock and no reader costs
/// the writer anything.
class build_channel : public std::enable_shared_from_this<build_channel> {
public:
  /// `identity` is shared with the plan of the build, where there is one; its log goes on at `log_end`, and
  /// what there is from `log_begin` on is not in memory.
  build_channel(std::shared_ptr<const build_identity> identity, uint64_t log_retention_bytes,
                uint64_t log_begin, uint64_t log_end);
  build_channel(std::shared_ptr<const build_identity> identity, uint64_t log_retention_bytes)
      : build_channel(std::move(identity), log_retention_bytes, 0, 0) {}
  build_channel(build_identity identity, uint64_t log_retention_bytes, uint64_t log_begin = 0)
      : build_channel(std::make_shared<const build_identity>(std::move(identity)), log_retention_bytes,
                      log_begin, log_begin) {}
  ~build_channel();
  build_channel(const build_channel&) = delete;
  build_channel& operator=(const build_channel&) = delete;

  const build_identity& identity() const { return *identity_; }
  /// What a censored log leaves out (the image references and repository names of the build), ready to be
  /// looked for; made when it is first asked for, shared by all who ask.
  std::shared_ptr<const pattern_set> censored_words() const;
  log_buffer& log() { return log_; }
  const log_buffer& log() const { return log_; }
  /// For who reads the log, to be taken before the look whether it is in memory. It keeps this channel alive.
  log_buffer::pin pin_log() const { return log_buffer::pin({shared_from_this(), &log_}); }

  struct status_node;

  /// A reader's position in the status updates; valid as long as the channel lives.
  class status_cursor {
  public:
    /// The next update, or null where there is none yet.
    const status_update* next();

  private:
    friend class build_channel;
    explicit status_cursor(const status_node* last) : last_(last) {}
    const status_node* last_;
  };

  /// Writer only: appends an update. After a terminal one nothing is accepted any more.
  void publish(status_update update);
  /// The same where the journal tells what has long been known: it is no change.
  void replay(status_update update);
  /// True once a terminal update was published.
  bool ended() const { return ended_; }
  /// The newest update, null before the first.
  const status_update* latest() const;
  /// Before the first update: replays all of them.
  status_cursor from_start() const;

  /// Writer only: the log can be followed at its source, too; known to some engines once a run has begun.
  void publish_access(log_access_ptr access) {
    access_.store(std::move(access));
    ++changes_.count;
  }
  /// The newest access that was published, null before the first. Any thread.
  log_access_ptr access() const { return access_.load(); }
  /// How often any channel of the process has ended or was told of an access: who keeps an answer about many
  /// looks at this instead of at each. It goes up right after readers can see the end.
  static uint64_t changes() { return changes_.count; }

  /// Puts a reader on the list of those to wake once; one that is gone by then is passed over. The list does
  /// not keep it: where nothing comes for hours, all that looked and left would stay.
  void park(std::weak_ptr<channel_waiter> waiter);
  /// Wakes everyone parked and empties the list; returns how many there were. Any thread.
  size_t wake_all();
  /// How many readers are parked or were woken since the last wake_all(), roughly.
  size_t parked() const { return parked_.load(std::memory_order_relaxed); }

private:
  struct waiter_node;

  struct alignas(64) change_count { // on a cache line of its own: it is read by every caller of ListBuilds
    std::atomic<uint64_t> count;
  };
  static inline change_count changes_;

  const std::shared_ptr<const build_identity> identity_;
  mutable shared_slot<const pattern_set> censored_words_;
  log_buffer log_;
  std::unique_ptr<status_node> first_; ///< a sentinel before the first update
  std::atomic<status_node*> last_;
  std::atomic<bool> ended_{false};
  std::atomic<log_access_ptr> access_;
  std::atomic<waiter_node*> waiters_{nullptr};
  std::atomic<size_t> parked_{0};
};

using channel_ptr = std::shared_ptr<build_channel>;

} // namespace ib
